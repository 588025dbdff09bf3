package dmdx.teacher.sd3.transformer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * Patches of a latent as tokens, row by row, plus the middle of a stored table of positions.
 *
 * @param name module path
 * @param config of the whole network
 */
record PatchEmbedding(String name, Sd3TransformerConfig config) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    long positions = (long) config.tableSize() * config.tableSize();
    parameters.add(projection());
    parameters.add(table(), new Initial.Fixed(this::positions), 1, positions, config.width());
  }

  /**
   * @param x {@code [B, C, H, W]}; p divides H and W
   * @return {@code [B, N, D]}
   * @throws IllegalArgumentException if there are more patches than positions, or parts of patches
   */
  NDArray forward(Pass pass, NDArray x) {
    long height = x.getShape().get(2);
    long width = x.getShape().get(3);
    int p = config.patch();
    int size = config.tableSize();
    if (height % p != 0 || width % p != 0 || Math.max(height, width) > (long) size * p) {
      throw new IllegalArgumentException(
          "latents are %dx%d, expected multiples of %d up to %d"
              .formatted(height, width, p, (long) size * p));
    }
    long rows = height / p;
    long columns = width / p;
    NDArray patches = projection().forward(pass, x);
    NDArray tokens =
        patches.reshape(x.getShape().get(0), config.width(), rows * columns).transpose(0, 2, 1);
    long top = (size - rows) / 2;
    long left = (size - columns) / 2;
    NDArray grid = pass.weight(table()).reshape(size, size, config.width());
    NDArray middle = Ops.slice(Ops.slice(grid, 0, top, top + rows), 1, left, left + columns);
    return tokens.add(middle.reshape(1, rows * columns, config.width()));
  }

  /** Sines and cosines of the column, then of the row. */
  private float[] positions() {
    int size = config.tableSize();
    int quarter = config.width() / 4;
    int trained = config.sampleSize() / config.patch();
    float spacing = (float) ((double) size / trained);
    float[] values = new float[Math.multiplyExact(size * size, config.width())];
    for (int row = 0; row < size; row++) {
      for (int column = 0; column < size; column++) {
        int at = (row * size + column) * config.width();
        for (int k = 0; k < quarter; k++) {
          double frequency = Math.pow(10000, -(double) k / quarter);
          double x = (column / spacing) * frequency;
          double y = (row / spacing) * frequency;
          values[at + k] = (float) Math.sin(x);
          values[at + quarter + k] = (float) Math.cos(x);
          values[at + 2 * quarter + k] = (float) Math.sin(y);
          values[at + 3 * quarter + k] = (float) Math.cos(y);
        }
      }
    }
    return values;
  }

  private String table() {
    return name + ".pos_embed";
  }

  private Conv projection() {
    return Conv.of(
        name + ".proj", config.inChannels(), config.width(), config.patch(), config.patch(), 0);
  }
}
