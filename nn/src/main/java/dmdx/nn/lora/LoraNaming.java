package dmdx.nn.lora;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which module of a component a tensor of a LoRA file belongs to. {@value #WRAPPER}, which PEFT's
 * own files begin with, may precede any of the names.
 *
 * <table>
 * <caption>Names in use; m is the module path</caption>
 * <tr><td>{@code unet.m.lora_A.weight}, {@code unet.m.lora_B.weight}; {@code lora_A.default.weight}
 *     where the adapter's name was kept</td><td>PEFT</td></tr>
 * <tr><td>{@code unet.m.lora.down.weight}, {@code unet.m.lora.up.weight}</td>
 *     <td>training scripts</td></tr>
 * <tr><td>{@code unet.….attn1.processor.to_q_lora.down.weight}, m is {@code ….attn1.to_q}</td>
 *     <td>older training scripts</td></tr>
 * <tr><td>{@code lora_unet_m.lora_down.weight}, {@code .lora_up.weight}, {@code .alpha}; the dots
 *     of m are underscores</td><td>kohya</td></tr>
 * <tr><td>{@code diffusion_model.m} with any of these endings</td><td>trainers that name the denoiser
 *     so, whichever it is</td></tr>
 * </table>
 */
final class LoraNaming {
  /** What a tensor is to its module. */
  enum Part {
    DOWN,
    UP,
    ALPHA
  }

  /**
   * Where a tensor belongs.
   *
   * @param module path in the base network; {@code null} if there is none
   * @param problem why there is none; {@code null} also if it belongs to another component
   */
  record Place(@Nullable String module, Part part, @Nullable String problem) {}

  /** What PEFT puts around the adapted network. */
  static final String WRAPPER = "base_model.model.";

  private static final Map<String, Part> ENDINGS = new LinkedHashMap<>();

  static {
    ENDINGS.put(".lora_A.weight", Part.DOWN);
    ENDINGS.put(".lora_B.weight", Part.UP);
    ENDINGS.put(".lora_A.default.weight", Part.DOWN);
    ENDINGS.put(".lora_B.default.weight", Part.UP);
    ENDINGS.put(".lora.down.weight", Part.DOWN);
    ENDINGS.put(".lora.up.weight", Part.UP);
    ENDINGS.put("_lora.down.weight", Part.DOWN);
    ENDINGS.put("_lora.up.weight", Part.UP);
    ENDINGS.put(".lora_down.weight", Part.DOWN);
    ENDINGS.put(".lora_up.weight", Part.UP);
    ENDINGS.put(".alpha", Part.ALPHA);
  }

  /** Components by the prefix of their tensors. */
  private static final Map<String, Set<String>> PREFIXES = new LinkedHashMap<>();

  static {
    Set<String> denoiser = Set.of("unet", "transformer");
    PREFIXES.put("diffusion_model.", denoiser);
    PREFIXES.put("lora_unet_", denoiser);
    PREFIXES.put("lora_te_", Set.of("text_encoder"));
    PREFIXES.put("lora_te1_", Set.of("text_encoder"));
    PREFIXES.put("lora_te2_", Set.of("text_encoder_2"));
    PREFIXES.put("lora_te3_", Set.of("text_encoder_3"));
    for (String component :
        List.of("unet", "transformer", "text_encoder", "text_encoder_2", "text_encoder_3")) {
      PREFIXES.put(component + ".", Set.of(component));
    }
  }

  private static final Pattern PROCESSOR = Pattern.compile("(.+)\\.processor\\.(.+)");
  private static final Pattern ORIGINAL_BLOCK =
      Pattern.compile("(input_blocks|middle_block|output_blocks|joint_blocks)[._].*");

  private final String component;
  private final Set<String> modules;
  private final Map<String, List<String>> flattened = new HashMap<>();

  LoraNaming(String component, Set<String> modules) {
    this.component = component;
    this.modules = modules;
    for (String module : modules) {
      flattened.computeIfAbsent(module.replace('.', '_'), flat -> new ArrayList<>()).add(module);
    }
  }

  Place place(String stored) {
    String tensor = stored.startsWith(WRAPPER) ? stored.substring(WRAPPER.length()) : stored;
    String prefix = PREFIXES.keySet().stream().filter(tensor::startsWith).findFirst().orElse("");
    if (!prefix.isEmpty() && !PREFIXES.getOrDefault(prefix, Set.of()).contains(component)) {
      return new Place(null, Part.DOWN, null);
    }
    for (Map.Entry<String, Part> ending : ENDINGS.entrySet()) {
      if (tensor.endsWith(ending.getKey())) {
        String stem =
            tensor.substring(prefix.length(), Math.max(prefix.length(), end(tensor, ending)));
        return prefix.endsWith("_")
            ? unflattened(stem, ending.getValue())
            : found(unprocessed(stem), ending.getValue());
      }
    }
    return new Place(null, Part.DOWN, "neither a factor of an adapter nor its alpha");
  }

  private static int end(String tensor, Map.Entry<String, Part> ending) {
    return tensor.length() - ending.getKey().length();
  }

  private static String unprocessed(String stem) {
    Matcher older = PROCESSOR.matcher(stem);
    if (!older.matches()) {
      return stem;
    }
    String layer = older.group(2);
    return older.group(1) + "." + (layer.equals("to_out") ? "to_out.0" : layer);
  }

  private Place found(String module, Part part) {
    return modules.contains(module) ? new Place(module, part, null) : unknown(module, part);
  }

  private static Place unknown(String module, Part part) {
    return new Place(
        null,
        part,
        ORIGINAL_BLOCK.matcher(module).matches()
            ? "these are block names of the model's original code; convert the file first"
            : "the network has no such linear layer or convolution. Its module paths are understood"
                + " alone and after %s, %s"
                    .formatted(WRAPPER, String.join(", ", PREFIXES.keySet())));
  }

  private Place unflattened(String flat, Part part) {
    List<String> candidates = flattened.getOrDefault(flat, List.of());
    if (candidates.size() == 1) {
      return new Place(candidates.get(0), part, null);
    }
    if (candidates.size() > 1) {
      return new Place(null, part, "may mean any of " + candidates);
    }
    return unknown(flat, part);
  }
}
