package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import dmdx.teacher.cogvideox.transformer.CogVideoXTransformerConfig.Positions;

/**
 * The sequence: projected text, then the patches of every frame, with sine positions if the network
 * has them.
 *
 * @param name module path
 * @param config of the whole network
 */
record PatchEmbedding(String name, CogVideoXTransformerConfig config) implements Layer {

  @Override
  public void declare(Parameters parameters) {
    parameters.add(patches(), text());
  }

  /**
   * @param x {@code [B, C, T, H, W]}
   * @param context {@code [B, M, text width]}
   * @return {@code [B, M + N, D]}
   */
  NDArray forward(Pass pass, NDArray x, NDArray context, TokenGrid grid) {
    long batch = x.getShape().get(0);
    int p = config.patch();
    NDArray frames =
        x.transpose(0, 2, 1, 3, 4)
            .reshape(
                batch * grid.frames(),
                config.inChannels(),
                (long) grid.rows() * p,
                (long) grid.columns() * p);
    NDArray video =
        patches()
            .forward(pass, frames)
            .reshape(batch, grid.frames(), config.width(), (long) grid.rows() * grid.columns())
            .transpose(0, 1, 3, 2)
            .reshape(batch, grid.size(), config.width());
    NDArray tokens = text().forward(pass, context).concat(video, 1);
    if (config.positions() instanceof Positions.Added scales) {
      NDArray table = AddedPositions.table(tokens, scales, config.width(), grid);
      NDArray none = table.getManager().zeros(new Shape(config.textLength(), config.width()));
      NDArray positions = pass.tap("pos_embedding", none.concat(table, 0).expandDims(0));
      tokens = tokens.add(Ops.castLike(positions, tokens));
    }
    return pass.tap(name, tokens);
  }

  private Conv patches() {
    int p = config.patch();
    Conv conv = Conv.of(name + ".proj", config.inChannels(), config.width(), p, p, 0);
    return config.patchBias() ? conv : conv.withoutBias();
  }

  private Linear text() {
    return Linear.of(name + ".text_proj", config.contextWidth(), config.width());
  }
}
