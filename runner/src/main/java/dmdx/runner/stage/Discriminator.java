package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import dmdx.api.Conditioning;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.network.Pass;
import dmdx.nn.weights.ForwardPass;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A frozen backbone with trainable heads.
 *
 * @param role name of the heads' role
 */
record Discriminator(String role, DiscriminatorBackbone backbone, DiscriminatorHeads heads) {

  /**
   * The logits of each tap.
   *
   * @param headsPass supplies the heads' weights
   * @param x latents, or pixels in [-1, 1]
   */
  List<NDArray> logits(
      Pass headsPass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning) {
    Pass frozen = ForwardPass.of(backbone.weights(), headsPass.scope());
    return heads.logits(headsPass, backbone.features(frozen, x, t, conditioning));
  }
}
