package dmdx.nn.heads;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;

/** The head of one tap. */
public interface Head extends Layer {

  /** Module path: {@code heads.0}. */
  String name();

  /**
   * @param x the tap's feature {@code [B, C, …]}
   * @return logits {@code [B, 1, …]}
   */
  NDArray forward(Pass pass, NDArray x);
}
