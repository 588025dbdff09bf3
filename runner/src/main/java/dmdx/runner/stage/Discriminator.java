package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
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
 */
record Discriminator(
    String role, DiscriminatorBackbone backbone, Weights frozen, DiscriminatorHeads heads) {

  /**
   * The logits of each tap, float32.
   *
   * @param headsPass supplies the heads' weights
   * @param x latents, or pixels in [-1, 1]
   */
  List<NDArray> logits(
      Pass headsPass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning) {
    Pass pass = ForwardPass.of(frozen, headsPass.scope());
    List<NDArray> logits = heads.logits(headsPass, backbone.features(pass, x, t, conditioning));
    return logits.stream().map(l -> Ops.cast(l, DataType.FLOAT32)).toList();
  }
}
