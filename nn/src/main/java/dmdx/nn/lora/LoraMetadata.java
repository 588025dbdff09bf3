package dmdx.nn.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The options of adapters as a file keeps them: under {@value #KEY} a JSON object with keys {@code
 * <component>.<option>}.
 *
 * @param rank {@code r}
 * @param alpha {@code lora_alpha}
 * @param ranks {@code rank_pattern}: other ranks by module path or ending
 * @param alphas {@code alpha_pattern}
 * @param rootScaled {@code use_rslora}: the scale is {@code alpha / sqrt(r)}
 */
record LoraMetadata(
    double rank,
    double alpha,
    Map<String, Double> ranks,
    Map<String, Double> alphas,
    boolean rootScaled) {
  private static final String KEY = "lora_adapter_metadata";
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * @return {@code null} if the file has none for the component
   * @throws CheckpointException if an option has a wrong type or asks for more than a plain adapter
   */
  static @Nullable LoraMetadata read(SafetensorsFile file, String component) {
    String text = file.metadata().get(KEY);
    if (text == null) {
      return null;
    }
    ModelConfig options = ModelConfig.of(parsed(text, file.path()), file.path());
    String prefix = component + ".";
    if (!options.has(prefix + "lora_alpha") && !options.has(prefix + "r")) {
      return null;
    }
    options.requireNeutral(prefix + "use_dora", false);
    options.requireNeutral(prefix + "lora_bias", false);
    options.requireNeutral(prefix + "bias", "none");
    options.requireNeutral(prefix + "fan_in_fan_out", false);
    double rank = options.number(prefix + "r", 8);
    return new LoraMetadata(
        rank,
        options.number(prefix + "lora_alpha", 8),
        numbers(options.section(prefix + "rank_pattern"), options, prefix + "rank_pattern"),
        numbers(options.section(prefix + "alpha_pattern"), options, prefix + "alpha_pattern"),
        options.flag(prefix + "use_rslora", false));
  }

  private static JsonNode parsed(String text, Path path) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new CheckpointException(
          "%s: '%s' is not valid JSON (%s)".formatted(path, KEY, e.getOriginalMessage()), e);
    }
  }

  private static Map<String, Double> numbers(ModelConfig pattern, ModelConfig all, String key) {
    Map<String, Double> numbers = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : pattern.json().properties()) {
      if (!entry.getValue().isNumber()) {
        throw new CheckpointException(
            "%s: '%s.%s' is %s, expected a number"
                .formatted(all.path(), key, entry.getKey(), entry.getValue()));
      }
      numbers.put(entry.getKey(), entry.getValue().doubleValue());
    }
    return numbers;
  }

  /** Alpha such that {@code alpha / r} is the scale of that module. */
  double alphaOf(String module, int r) {
    double own = lookup(alphas, module, alpha);
    return rootScaled ? own * Math.sqrt(r) : own;
  }

  double rankOf(String module) {
    return lookup(ranks, module, rank);
  }

  private static double lookup(Map<String, Double> patterns, String module, double otherwise) {
    Double exact = patterns.get(module);
    if (exact != null) {
      return exact;
    }
    for (Map.Entry<String, Double> pattern : patterns.entrySet()) {
      if (LoraConfig.matches(pattern.getKey(), module)) {
        return pattern.getValue();
      }
    }
    return otherwise;
  }

  /** The patterns that stand for none of the modules: a spelling that would be lost. */
  List<String> unused(Collection<String> modules) {
    List<String> unused = new ArrayList<>(ranks.keySet());
    unused.addAll(alphas.keySet());
    unused.removeIf(
        pattern -> modules.stream().anyMatch(module -> LoraConfig.matches(pattern, module)));
    return unused;
  }

  /**
   * What a file says besides its tensors; without options if every scale is 1, which is what
   * readers take a file without them for.
   */
  static Map<String, String> texts(String component, List<LoraModule> modules) {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("format", "pt");
    if (modules.stream().allMatch(module -> module.alpha() == module.rank())) {
      return texts;
    }
    LoraModule first = modules.get(0);
    ObjectNode ranks = JSON.createObjectNode();
    ObjectNode alphas = JSON.createObjectNode();
    for (LoraModule module : modules) {
      if (module.rank() != first.rank()) {
        ranks.put(module.name(), module.rank());
      }
      if (module.alpha() != first.alpha()) {
        alphas.set(module.name(), number(module.alpha()));
      }
    }
    Map<String, JsonNode> options = new TreeMap<>();
    options.put("r", JSON.valueToTree(first.rank()));
    options.put("lora_alpha", number(first.alpha()));
    options.put("rank_pattern", ranks);
    options.put("alpha_pattern", alphas);
    options.put("use_rslora", JSON.valueToTree(false));
    options.put(
        "target_modules", JSON.valueToTree(modules.stream().map(LoraModule::name).toList()));
    ObjectNode root = JSON.createObjectNode();
    options.forEach((option, value) -> root.set(component + "." + option, value));
    texts.put(KEY, root.toString());
    return texts;
  }

  /** Whole numbers without a fraction, as other readers expect. */
  private static JsonNode number(double value) {
    return value == Math.rint(value) ? JSON.valueToTree((long) value) : JSON.valueToTree(value);
  }
}
