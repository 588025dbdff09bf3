package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Parameters;

/** A norm over the frames of one chunk. */
sealed interface VideoNorm extends Layer permits VideoNorm.Plain, SpatialNorm {

  /** Module path. */
  String name();

  /**
   * @param x {@code [B, C, T, H, W]}
   */
  NDArray forward(ChunkPass chunk, NDArray x);

  /** A group norm as it is. */
  record Plain(GroupNorm norm) implements VideoNorm {
    @Override
    public String name() {
      return norm.name();
    }

    @Override
    public void declare(Parameters parameters) {
      parameters.add(norm);
    }

    @Override
    public NDArray forward(ChunkPass chunk, NDArray x) {
      return norm.forward(chunk.pass(), x);
    }
  }
}
