package dmdx.nn.clip;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.ClipLayer;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.List;

/**
 * The vision transformer of CLIP under {@code vision_model}.
 *
 * <p>A pass is offered {@code vision.hidden_states.0 … N}, the embeddings after the first norm and
 * the output of each layer, {@code vision.last_hidden_state}, the last of them, and {@code
 * vision.pooler_output}.
 */
final class ClipVisionEncoder implements Layer {
  private static final String EMBEDDINGS = "vision_model.embeddings";
  private static final String CLASS = EMBEDDINGS + ".class_embedding";
  private static final String POSITIONS = EMBEDDINGS + ".position_embedding.weight";

  private final ClipConfig.Vision config;
  private final int width;
  private final Conv patches;
  private final LayerNorm firstNorm;
  private final List<ClipLayer> layers;
  private final LayerNorm lastNorm;

  ClipVisionEncoder(ClipConfig.Vision config) {
    this.config = config;
    width = config.layers().width();
    double eps = config.layers().eps();
    int patch = config.patchSize();
    patches = Conv.of(EMBEDDINGS + ".patch_embedding", 3, width, patch, patch, 0).withoutBias();
    firstNorm = new LayerNorm("vision_model.pre_layrnorm", width, eps); // the checkpoints' spelling
    layers = config.layers().tower("vision_model.encoder.layers.");
    lastNorm = new LayerNorm("vision_model.post_layernorm", width, eps);
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(CLASS, new Initial.Normal(1 / Math.sqrt(width)), width);
    parameters.add(patches);
    parameters.add(POSITIONS, new Initial.Normal(0.02), config.tokens(), width);
    parameters.add(firstNorm).add(layers).add(lastNorm);
  }

  /**
   * @param pixels normalised RGB {@code [B, 3, S, S]}
   * @return the class token behind the last norm {@code [B, D]}
   */
  NDArray forward(Pass pass, NDArray pixels) {
    Shape shape = pixels.getShape();
    int side = config.imageSize();
    if (shape.dimension() != 4
        || shape.get(1) != 3
        || shape.get(2) != side
        || shape.get(3) != side) {
      throw new IllegalArgumentException(
          "pictures are %s, expected [B, 3, %d, %d]".formatted(shape, side, side));
    }
    NDArray x = pass.block(EMBEDDINGS, (p, in) -> embed(p, in[0]), pixels);
    x = pass.tap("vision.hidden_states.0", x);
    int k = 0;
    for (ClipLayer layer : layers) {
      x = pass.block(layer.name(), (p, in) -> layer.forward(p, in[0]), x);
      x = pass.tap("vision.hidden_states." + ++k, x);
    }
    x = pass.tap("vision.last_hidden_state", x);
    NDArray pooled =
        pass.block(
            lastNorm.name(),
            (p, in) -> lastNorm.forward(p, Ops.slice(in[0], 1, 0, 1).squeeze(1)),
            x);
    return pass.tap("vision.pooler_output", pooled);
  }

  private NDArray embed(Pass pass, NDArray pixels) {
    long batch = pixels.getShape().get(0);
    NDArray grid = patches.forward(pass, pixels); // [B, D, g, g]
    NDArray tokens = grid.reshape(batch, width, -1).transpose(0, 2, 1);
    NDArray first = pass.weight(CLASS).broadcast(new Shape(batch, 1, width));
    return firstNorm.forward(pass, first.concat(tokens, 1).add(pass.weight(POSITIONS)));
  }
}
