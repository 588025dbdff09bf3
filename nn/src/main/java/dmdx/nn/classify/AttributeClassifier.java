package dmdx.nn.classify;

import ai.djl.ndarray.NDArray;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ModelConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A small residual network that tells a picture's attributes.
 *
 * <p>A 4x4 convolution of stride 2, then two residual blocks per level with a 3x3 convolution of
 * stride 2 between levels, group norm and SiLU, the mean over positions, and one linear layer
 * {@code heads.<attribute>} per attribute.
 *
 * <p>Checkpoint: {@code config.json} with {@code channels} (multiples of 8, one per level) and
 * {@code attributes} (an object of label lists), weights in {@code model.safetensors}.
 */
public final class AttributeClassifier implements Network {
  private static final int GROUPS = 8;
  private static final int BLOCKS = 2;

  private final List<Attribute> attributes;
  private final Conv first;
  private final List<Level> levels = new ArrayList<>();
  private final GroupNorm norm;
  private final List<Linear> heads;

  /**
   * @param channels per level, multiples of 8
   * @param attributes what to tell, in the order of the scores
   */
  public AttributeClassifier(List<Integer> channels, List<Attribute> attributes) {
    if (channels.isEmpty() || channels.stream().anyMatch(c -> c < GROUPS || c % GROUPS != 0)) {
      throw new IllegalArgumentException(
          "channels %s: expected one multiple of %d per level".formatted(channels, GROUPS));
    }
    if (attributes.isEmpty()) {
      throw new IllegalArgumentException("attributes: expected at least one");
    }
    this.attributes = List.copyOf(attributes);
    first = Conv.of("conv_in", 3, channels.get(0), 4, 2, 1);
    for (int i = 0; i < channels.size(); i++) {
      boolean last = i == channels.size() - 1;
      levels.add(Level.of("levels." + i, channels.get(i), last ? 0 : channels.get(i + 1)));
    }
    int width = channels.get(channels.size() - 1);
    norm = new GroupNorm("norm_out", width, GROUPS, 1e-5);
    heads =
        attributes.stream()
            .map(a -> Linear.of("heads." + a.name(), width, a.labels().size()))
            .toList();
  }

  /**
   * The classifier a {@code config.json} describes.
   *
   * @throws dmdx.api.CheckpointException naming file and key of what is wrong
   */
  public static AttributeClassifier from(ModelConfig config) {
    List<Attribute> attributes = new ArrayList<>();
    ModelConfig named = config.section("attributes");
    named
        .json()
        .fieldNames()
        .forEachRemaining(
            name -> attributes.add(new Attribute(name, named.texts(name, List.of()))));
    try {
      return new AttributeClassifier(config.integers("channels", List.of()), attributes);
    } catch (IllegalArgumentException e) {
      throw new CheckpointException(config.path() + ": " + e.getMessage() + ".", e);
    }
  }

  private record Level(List<ClassifierBlock> blocks, List<Conv> downsample) {
    static Level of(String name, int channels, int next) {
      List<ClassifierBlock> blocks = new ArrayList<>();
      for (int j = 0; j < BLOCKS; j++) {
        blocks.add(new ClassifierBlock(name + ".blocks." + j, channels, GROUPS));
      }
      List<Conv> downsample =
          next == 0 ? List.of() : List.of(Conv.of(name + ".downsample", channels, next, 3, 2, 1));
      return new Level(blocks, downsample);
    }
  }

  /**
   * What the classifier says about B pictures.
   *
   * @param scores logits {@code [B, labels]} by attribute name
   * @param features {@code [B, F]}, the summary the scores are computed from
   */
  public record Output(Map<String, NDArray> scores, NDArray features) {}

  /** The attributes, in the order of the heads. */
  public List<Attribute> attributes() {
    return attributes;
  }

  /** F, the width of the feature vector. */
  public int features() {
    return norm.channels();
  }

  /**
   * The label of every attribute that a prompt asks for.
   *
   * @return index of the label by attribute name, -1 where the prompt names none
   */
  public Map<String, Integer> expected(String prompt) {
    Map<String, Integer> labels = new LinkedHashMap<>();
    attributes.forEach(a -> labels.put(a.name(), a.namedIn(prompt)));
    return labels;
  }

  @Override
  public List<ParameterSpec> parameters() {
    Parameters parameters = new Parameters().add(first);
    for (Level level : levels) {
      parameters.add(level.blocks()).add(level.downsample());
    }
    return parameters.add(norm).add(heads).list();
  }

  /**
   * @param pixels RGB {@code [B, 3, H, W]}, float32 in [-1, 1]
   */
  public Output forward(Pass pass, NDArray pixels) {
    NDArray x = first.forward(pass, pixels);
    for (Level level : levels) {
      for (ClassifierBlock block : level.blocks()) {
        x = block.forward(pass, x);
      }
      for (Conv downsample : level.downsample()) {
        x = downsample.forward(pass, x);
      }
    }
    NDArray maps = Ops.silu(norm.forward(pass, x));
    NDArray features = maps.reshape(maps.size(0), maps.size(1), -1).mean(new int[] {2});
    Map<String, NDArray> scores = new LinkedHashMap<>();
    for (int i = 0; i < heads.size(); i++) {
      scores.put(attributes.get(i).name(), heads.get(i).forward(pass, features));
    }
    return new Output(scores, features);
  }
}
