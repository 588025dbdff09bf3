package dmdx.nn.clip;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import dmdx.api.CheckpointException;
import dmdx.api.network.Weights;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The weights of a {@link ClipModel} from a file in OpenCLIP's layout, which HPSv2 has too. It
 * stacks the projections to queries, keys and values in one tensor and stores the projections of
 * features transposed.
 */
public final class OpenClipWeights implements Weights, AutoCloseable {
  private static final Pattern LAYER =
      Pattern.compile("(text|vision)_model\\.encoder\\.layers\\.(\\d+)\\.(.+)\\.(weight|bias)");
  private static final List<String> STACKED =
      List.of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj");
  private static final Map<String, String> PARTS =
      Map.of(
          "layer_norm1", "ln_1",
          "layer_norm2", "ln_2",
          "self_attn.out_proj", "attn.out_proj",
          "mlp.fc1", "mlp.c_fc",
          "mlp.fc2", "mlp.c_proj");
  private static final Map<String, String> OTHERS =
      Map.ofEntries(
          Map.entry("logit_scale", "logit_scale"),
          Map.entry("text_model.embeddings.token_embedding.weight", "token_embedding.weight"),
          Map.entry("text_model.embeddings.position_embedding.weight", "positional_embedding"),
          Map.entry("text_model.final_layer_norm.weight", "ln_final.weight"),
          Map.entry("text_model.final_layer_norm.bias", "ln_final.bias"),
          Map.entry("text_projection.weight", "text_projection"),
          Map.entry("vision_model.embeddings.class_embedding", "visual.class_embedding"),
          Map.entry("vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"),
          Map.entry(
              "vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
          Map.entry("vision_model.pre_layrnorm.weight", "visual.ln_pre.weight"),
          Map.entry("vision_model.pre_layrnorm.bias", "visual.ln_pre.bias"),
          Map.entry("vision_model.post_layernorm.weight", "visual.ln_post.weight"),
          Map.entry("vision_model.post_layernorm.bias", "visual.ln_post.bias"),
          Map.entry("visual_projection.weight", "visual.proj"));

  private final SafetensorsFile file;
  private final NDManager memory;
  private final Map<String, Source> sources = new LinkedHashMap<>();
  private final Map<String, NDArray> loaded = new HashMap<>();

  /**
   * Where a tensor is.
   *
   * @param rows rows of the network's tensor
   * @param third which third of the file's rows; -1 for all
   */
  private record Source(String name, long rows, int third, boolean transposed) {

    static Source of(String name, long rows) {
      Matcher layer = LAYER.matcher(name);
      if (!layer.matches()) {
        String other = OTHERS.getOrDefault(name, name);
        return new Source(other, rows, -1, name.endsWith("_projection.weight"));
      }
      String tower = layer.group(1).equals("text") ? "" : "visual.";
      String block = tower + "transformer.resblocks." + layer.group(2) + ".";
      int third = STACKED.indexOf(layer.group(3));
      return third >= 0
          ? new Source(block + "attn.in_proj_" + layer.group(4), rows, third, false)
          : new Source(
              block + PARTS.getOrDefault(layer.group(3), layer.group(3)) + "." + layer.group(4),
              rows,
              -1,
              false);
    }
  }

  private OpenClipWeights(SafetensorsFile file, NDManager memory) {
    this.file = file;
    this.memory = memory;
  }

  /**
   * Opens a file; tensors are read when they are first asked for.
   *
   * @param manager parent of the memory the weights live in; its device is theirs
   * @throws CheckpointException naming every tensor that is missing or of another shape
   */
  public static OpenClipWeights open(Path path, ClipModel network, NDManager manager) {
    SafetensorsFile file = SafetensorsFile.open(path);
    OpenClipWeights weights = new OpenClipWeights(file, manager.newSubManager());
    List<String> problems =
        network.parameters().stream()
            .map(p -> weights.locate(p.name(), p.shape().getShape()))
            .filter(problem -> !problem.isEmpty())
            .toList();
    if (!problems.isEmpty()) {
      weights.close();
      throw new CheckpointException(
          "%s: %s. Use the configuration of this checkpoint."
              .formatted(path, String.join("; ", problems)));
    }
    return weights;
  }

  /** Returns what is wrong with a tensor, nothing if it is as expected. */
  private String locate(String name, long[] shape) {
    Source source = Source.of(name, shape.length == 0 ? 1 : shape[0]);
    SafetensorsFile.Entry entry = file.entries().get(source.name());
    if (entry == null) {
      return "'%s' is missing".formatted(source.name());
    }
    long[] expected = shape.clone();
    if (source.third() >= 0) {
      expected[0] *= STACKED.size();
    } else if (source.transposed()) {
      expected = new long[] {shape[1], shape[0]};
    }
    sources.put(name, source);
    return Arrays.equals(expected, entry.shape().getShape())
        ? ""
        : "'%s' is %s, expected %s"
            .formatted(source.name(), entry.shape(), Arrays.toString(expected));
  }

  @Override
  public Set<String> names() {
    return Set.copyOf(sources.keySet());
  }

  @Override
  public synchronized NDArray get(String name) {
    Source source = sources.get(name);
    if (source == null) {
      throw new CheckpointException("%s: there is no weight '%s'".formatted(file.path(), name));
    }
    return loaded.computeIfAbsent(name, n -> read(source));
  }

  private NDArray read(Source source) {
    NDArray tensor;
    if (source.third() >= 0) {
      long from = source.third() * source.rows();
      tensor = file.readRows(source.name(), from, from + source.rows(), memory);
    } else {
      tensor = file.read(source.name(), memory);
    }
    if (source.transposed()) {
      try (NDArray stored = tensor;
          NDArray view = stored.transpose()) {
        tensor = view.duplicate();
      }
    }
    NDScope.unregister(tensor); // it outlives the scope it is first asked for in
    return tensor;
  }

  @Override
  public void close() {
    memory.close();
    file.close();
  }
}
