package dmdx.api;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import java.util.List;

/** Trainable heads that turn feature maps into maps of logits. */
public interface DiscriminatorHeads extends Network {

  /**
   * @param features one map per tap, {@code [B, C, …]}
   * @return one map of logits per tap, {@code [B, 1, …]}
   */
  List<NDArray> logits(Pass pass, List<NDArray> features);
}
