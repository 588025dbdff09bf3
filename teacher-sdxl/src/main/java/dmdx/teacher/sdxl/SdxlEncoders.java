package dmdx.teacher.sdxl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Pass;
import dmdx.api.network.Passes;
import dmdx.nn.text.ClipTextEncoder;
import dmdx.nn.text.TokenIds;

/**
 * Two CLIP text encoders.
 *
 * @param first network of {@code text_encoder}
 * @param second network of {@code text_encoder_2}, with projection
 */
record SdxlEncoders(ClipTextEncoder first, ClipTextEncoder second) {
  static final String FIRST = "text_encoder";
  static final String SECOND = "text_encoder_2";

  /**
   * What the UNet is told of a text.
   *
   * @param hidden both penultimate hidden states side by side {@code [B, M, X]}
   * @param pooled the projection of the second {@code [B, P]}
   */
  record Text(NDArray hidden, NDArray pooled) {}

  /**
   * @param firstIds one row per prompt, padded
   * @param secondIds likewise
   */
  Text encode(Passes passes, long[][] firstIds, long[][] secondIds) {
    Pass pass = passes.of(FIRST);
    Pass secondPass = passes.of(SECOND);
    ClipTextEncoder.Output a = first.forward(pass, TokenIds.tensor(pass.scope(), firstIds), null);
    ClipTextEncoder.Output b =
        second.forward(secondPass, TokenIds.tensor(secondPass.scope(), secondIds), null);
    NDArray pooled = b.textEmbeds();
    if (pooled == null) {
      throw new IllegalStateException(SECOND + " has no projection");
    }
    return new Text(a.penultimate().concat(b.penultimate(), 2), pooled);
  }

  /**
   * No text: zeros.
   *
   * @param tokens M
   */
  Text zeros(NDManager manager, int rows, int tokens) {
    int width = first.config().width() + second.config().width();
    return new Text(
        manager.zeros(new Shape(rows, tokens, width)),
        manager.zeros(new Shape(rows, second.config().projection())));
  }
}
