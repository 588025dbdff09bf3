package dmdx.nn.pipeline;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.api.network.Passes;
import dmdx.nn.text.ClipTextEncoder;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.text.TokenIds;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The two CLIP text encoders of SDXL and SD3.
 *
 * @param first network of {@value #FIRST}
 * @param second network of {@value #SECOND}
 */
public record ClipPair(ClipTextEncoder first, ClipTextEncoder second) {
  /** Component of the first encoder. */
  public static final String FIRST = "text_encoder";

  /** Component of the second encoder. */
  public static final String SECOND = "text_encoder_2";

  /**
   * What both say about prompts.
   *
   * @param hidden the penultimate hidden states side by side {@code [B, M, X]}
   * @param first the first one's projection {@code [B, P]}; null if it has none
   * @param second the second one's projection {@code [B, Q]}; null if it has none
   */
  public record Text(NDArray hidden, @Nullable NDArray first, @Nullable NDArray second) {
    /**
     * @return {@code [B, P]}
     * @throws IllegalStateException if there is none
     */
    public NDArray firstProjection() {
      return required(first, FIRST);
    }

    /**
     * @return {@code [B, Q]}
     * @throws IllegalStateException if there is none
     */
    public NDArray secondProjection() {
      return required(second, SECOND);
    }

    private static NDArray required(@Nullable NDArray projection, String component) {
      if (projection == null) {
        throw new IllegalStateException(component + " has no projection");
      }
      return projection;
    }
  }

  /** The width X of the hidden states. */
  public int width() {
    return first.config().width() + second.config().width();
  }

  /**
   * @param firstIds one row per prompt, padded
   * @param secondIds likewise
   */
  public Text encode(Passes passes, long[][] firstIds, long[][] secondIds) {
    ClipTextEncoder.Output a = encode(first, passes.of(FIRST), firstIds);
    ClipTextEncoder.Output b = encode(second, passes.of(SECOND), secondIds);
    return new Text(a.penultimate().concat(b.penultimate(), 2), a.textEmbeds(), b.textEmbeds());
  }

  private static ClipTextEncoder.Output encode(ClipTextEncoder encoder, Pass pass, long[][] ids) {
    return encoder.forward(pass, TokenIds.tensor(pass.scope(), ids), null);
  }

  /** One row of padded ids per prompt. */
  public static long[][] ids(ClipTokenizer tokenizer, List<String> prompts) {
    return prompts.stream().map(tokenizer::encode).toArray(long[][]::new);
  }
}
