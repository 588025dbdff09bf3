package dmdx.discriminator.dinov2;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.backbone.LayeredEncoder;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.List;

/**
 * DINOv2's image encoder: a plain transformer over a class token and patches. Weight names are
 * those of {@code Dinov2Model}.
 */
final class Dinov2Encoder implements LayeredEncoder {
  private static final String CLASS_TOKEN = "embeddings.cls_token";
  private static final String POSITIONS = "embeddings.position_embeddings";

  /** Stands in for hidden patches in pre-training; part of the checkpoint, never read. */
  private static final String MASK_TOKEN = "embeddings.mask_token";

  private final Dinov2Config config;
  private final PositionRule rule;
  private final Conv patches;
  private final List<Dinov2Layer> layers = new ArrayList<>();
  private final LayerNorm norm;

  /**
   * @param rule for pictures of another size than those trained on
   */
  Dinov2Encoder(Dinov2Config config, PositionRule rule) {
    this.config = config;
    this.rule = rule;
    int h = config.hidden();
    patches =
        Conv.of("embeddings.patch_embeddings.projection", 3, h, config.patch(), config.patch(), 0);
    for (int i = 0; i < config.layers(); i++) {
      layers.add(Dinov2Layer.of(layerName(i), config));
    }
    norm = new LayerNorm("layernorm", h, config.eps());
  }

  @Override
  public String layerName(int i) {
    return "encoder.layer." + i;
  }

  @Override
  public Dimensions dimensions() {
    return new Dimensions(config.layers(), config.hidden(), config.patch());
  }

  @Override
  public NDArray layer(Pass pass, int i, NDArray x) {
    return layers.get(i).forward(pass, x);
  }

  @Override
  public List<ParameterSpec> parameters() {
    int h = config.hidden();
    int grid = config.grid();
    return new Parameters()
        .add(CLASS_TOKEN, new Initial.Zeros(), 1, 1, h)
        .add(MASK_TOKEN, new Initial.Zeros(), 1, h)
        .add(POSITIONS, new Initial.Zeros(), 1, 1 + (long) grid * grid, h)
        .add(patches)
        .add(layers)
        .add(norm)
        .list();
  }

  /**
   * @param state the last hidden state {@code [B, N, h]}
   * @return its normalised form
   */
  NDArray normalised(Pass pass, NDArray state) {
    return pass.block("layernorm", (p, in) -> norm.forward(p, in[0]), state);
  }

  /** The state without the class token. */
  @Override
  public NDArray map(NDArray state, int grid) {
    Shape shape = state.getShape();
    return Ops.slice(state, 1, 1, shape.get(1))
        .transpose(0, 2, 1)
        .reshape(shape.get(0), shape.get(2), grid, grid);
  }

  /**
   * @param pixels normalised RGB {@code [B, 3, H, W]}; what is left behind the last whole patch has
   *     no effect
   * @return the tokens {@code [B, N, h]}, the form of every hidden state; none is normalised
   */
  @Override
  public NDArray embed(Pass pass, NDArray pixels) {
    Shape size = pixels.getShape();
    NDArray grid = patches.forward(pass, pixels); // [B, h, g, w]
    Shape shape = grid.getShape();
    long batch = shape.get(0);
    long h = shape.get(1);
    NDArray tokens = grid.reshape(batch, h, shape.get(2) * shape.get(3)).transpose(0, 2, 1);
    NDArray first = pass.weight(CLASS_TOKEN).broadcast(new Shape(batch, 1, h));
    boolean square = size.get(2) == size.get(3);
    NDArray positions = positions(pass, (int) shape.get(2), (int) shape.get(3), square);
    return NDArrays.concat(new NDList(first, tokens), 1).add(positions);
  }

  /** {@code [1, N, h]}. */
  private NDArray positions(Pass pass, int rows, int columns, boolean square) {
    NDArray table = pass.weight(POSITIONS);
    int grid = config.grid();
    if (square && rows == grid) {
      return table;
    }
    int h = config.hidden();
    NDArray ofPatches = Ops.slice(table, 1, 1, 1 + (long) grid * grid).reshape(grid, grid, h);
    NDArray resampled =
        rule.resample(Ops.cast(ofPatches, DataType.FLOAT32), rows, columns)
            .reshape(1, (long) rows * columns, h);
    return NDArrays.concat(
        new NDList(Ops.slice(table, 1, 0, 1), Ops.castLike(resampled, table)), 1);
  }
}
