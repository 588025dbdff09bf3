package dmdx.nn.lora;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * The options of adapters. A file keeps them under {@value #KEY}, a JSON object with keys {@code
 * <component>.<option>}; beside PEFT's own files lies a {@value #SIBLING} with keys {@code
 * <option>}.
 *
 * @param rank {@code r}
 * @param alpha {@code lora_alpha}, not always a whole number
 * @param ranks {@code rank_pattern}: other ranks by module path, its ending, or a regular
 *     expression for either
 * @param alphas {@code alpha_pattern}
 * @param rootScaled {@code use_rslora}: the scale is {@code alpha / sqrt(r)}
 */
record LoraMetadata(
    int rank,
    double alpha,
    Map<String, Integer> ranks,
    Map<String, Double> alphas,
    boolean rootScaled) {
  static final String SIBLING = "adapter_config.json";
  private static final String KEY = "lora_adapter_metadata";
  private static final JsonMapper JSON = new JsonMapper();

  /**
   * @return {@code null} if neither the file has any for the component nor one lies beside it
   * @throws CheckpointException if an option has a wrong type or asks for more than a plain adapter
   */
  static @Nullable LoraMetadata read(SafetensorsFile file, String component) {
    String text = file.metadata().get(KEY);
    if (text != null) {
      return of(ModelConfig.of(parsed(text, file.path()), file.path()), component + ".");
    }
    Path sibling = file.path().resolveSibling(SIBLING);
    boolean own = file.entries().keySet().stream().anyMatch(t -> t.startsWith(LoraNaming.WRAPPER));
    return own && Files.isRegularFile(sibling) ? of(ModelConfig.read(sibling), "") : null;
  }

  private static @Nullable LoraMetadata of(ModelConfig options, String prefix) {
    if (!options.has(prefix + "lora_alpha") && !options.has(prefix + "r")) {
      return null;
    }
    options.requireNeutral(prefix + "peft_type", "LORA");
    options.requireNeutral(prefix + "use_dora", false);
    options.requireNeutral(prefix + "lora_bias", false);
    options.requireNeutral(prefix + "bias", "none");
    options.requireNeutral(prefix + "fan_in_fan_out", false);
    ModelConfig ranks = options.section(prefix + "rank_pattern");
    ModelConfig alphas = options.section(prefix + "alpha_pattern");
    return new LoraMetadata(
        options.integer(prefix + "r", 8),
        options.number(prefix + "lora_alpha", 8),
        patterns(ranks, ranks::integer),
        patterns(alphas, module -> alphas.number(module, Double.NaN)),
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

  private static <T> Map<String, T> patterns(ModelConfig section, Function<String, T> value) {
    Map<String, T> patterns = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : section.json().properties()) {
      patterns.put(entry.getKey(), value.apply(entry.getKey()));
    }
    return patterns;
  }

  /** Alpha such that {@code alpha / r} is the scale of that module. */
  double alphaOf(String module, int r) {
    double own = lookup(alphas, module, alpha);
    return rootScaled ? own * Math.sqrt(r) : own;
  }

  int rankOf(String module) {
    return lookup(ranks, module, rank);
  }

  private static <T> T lookup(Map<String, T> patterns, String module, T otherwise) {
    T exact = patterns.get(module);
    if (exact != null) {
      return exact;
    }
    for (Map.Entry<String, T> pattern : patterns.entrySet()) {
      if (fits(pattern.getKey(), module)) {
        return pattern.getValue();
      }
    }
    return otherwise;
  }

  /** The patterns that stand for none of the modules. */
  List<String> unused(Collection<String> modules) {
    List<String> unused = new ArrayList<>(ranks.keySet());
    unused.addAll(alphas.keySet());
    unused.removeIf(pattern -> modules.stream().anyMatch(module -> fits(pattern, module)));
    return unused;
  }

  private static boolean fits(String pattern, String module) {
    if (LoraConfig.matches(pattern, module)) {
      return true;
    }
    try {
      return Pattern.matches("(.*\\.)?(" + pattern + ")", module);
    } catch (PatternSyntaxException e) {
      return false; // reported as unused
    }
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
