package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dmdx.api.Conditioning;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ForwardPass;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A frozen backbone with trainable heads.
 *
 * @param role name of the heads' role
 * @param frozen the backbone's weights in the type it computes in
 * @param prompting what the backbone is told of a batch's prompts
 * @param overLogits whether objectives average over all logits at once, not head by head
 */
record Discriminator(
    String role,
    DiscriminatorBackbone backbone,
    Weights frozen,
    DiscriminatorHeads heads,
    Prompting prompting,
    boolean overLogits) {

  /** What is seen of a batch's conditioning, owned by {@code owner} where it is new. */
  @FunctionalInterface
  interface Prompting {
    Conditioning of(Conditioning given, NDManager owner);
  }

  /**
   * The logits of each tap, or all of them as one {@code [B, 1, N]}, float32.
   *
   * @param headsPass supplies the heads' weights
   * @param x latents, or pixels in [-1, 1]
   */
  List<NDArray> logits(
      Pass headsPass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning) {
    Pass pass = ForwardPass.of(frozen, headsPass.scope());
    Conditioning seen = conditioning == null ? null : prompting.of(conditioning, pass.scope());
    List<NDArray> logits =
        heads.logits(headsPass, backbone.features(pass, x, t, seen)).stream()
            .map(l -> Ops.cast(l, DataType.FLOAT32))
            .toList();
    return overLogits ? List.of(joined(logits)) : logits;
  }

  private static NDArray joined(List<NDArray> logits) {
    NDList rows = new NDList();
    logits.forEach(l -> rows.add(l.reshape(l.getShape().get(0), 1, -1)));
    return NDArrays.concat(rows, 2);
  }
}
