package dmdx.api;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import java.util.List;

/** Trainable heads that turn features into logits. */
public interface DiscriminatorHeads extends Network {

  /**
   * @param features one vector or map per tap, {@code [B, C, …]}
   * @return its logits per tap, {@code [B, 1, …]}
   */
  List<NDArray> logits(Pass pass, List<NDArray> features);
}
