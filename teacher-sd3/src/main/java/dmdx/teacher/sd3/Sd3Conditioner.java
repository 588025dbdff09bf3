package dmdx.teacher.sd3;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioner;
import dmdx.api.Conditioning;
import dmdx.api.ImageSize;
import dmdx.api.network.Pass;
import dmdx.api.network.Passes;
import dmdx.nn.pipeline.T5Text;
import dmdx.nn.text.ClipTextEncoder;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.text.TokenIds;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Two CLIP text encoders and, behind them along the sequence, T5: {@code encoder_hidden_states [B,
 * M, X]} are CLIP's penultimate hidden states side by side, filled up with zeros to T5's width,
 * then T5's last hidden state; {@code pooled_projections [B, P]} are both CLIP projections.
 *
 * @param first network of {@code text_encoder}, with projection
 * @param firstTokenizer its tokenizer
 * @param second network of {@code text_encoder_2}, with projection
 * @param secondTokenizer its tokenizer
 * @param third T5; null for zeros of CLIP's length in its place
 * @param width X
 */
record Sd3Conditioner(
    ClipTextEncoder first,
    ClipTokenizer firstTokenizer,
    ClipTextEncoder second,
    ClipTokenizer secondTokenizer,
    @Nullable T5Text third,
    int width)
    implements Conditioner {
  static final String FIRST = "text_encoder";
  static final String SECOND = "text_encoder_2";
  static final String THIRD = "text_encoder_3";

  @Override
  public Conditioning encode(Passes passes, List<String> prompts, ImageSize size) {
    long[][] longIds = third == null ? new long[0][] : third.ids(prompts);
    return encode(passes, ids(firstTokenizer, prompts), ids(secondTokenizer, prompts), longIds);
  }

  private static long[][] ids(ClipTokenizer tokenizer, List<String> prompts) {
    return prompts.stream().map(tokenizer::encode).toArray(long[][]::new);
  }

  /**
   * @param firstIds one row per prompt, padded
   * @param secondIds likewise
   * @param thirdIds likewise; ignored without T5
   */
  Conditioning encode(Passes passes, long[][] firstIds, long[][] secondIds, long[][] thirdIds) {
    Pass pass = passes.of(FIRST);
    NDManager scope = pass.scope();
    Pass secondPass = passes.of(SECOND);
    ClipTextEncoder.Output a = first.forward(pass, TokenIds.tensor(scope, firstIds), null);
    ClipTextEncoder.Output b =
        second.forward(secondPass, TokenIds.tensor(secondPass.scope(), secondIds), null);
    NDArray clip = a.penultimate().concat(b.penultimate(), 2);
    long rows = clip.getShape().get(0);
    long tokens = clip.getShape().get(1);
    long missing = width - clip.getShape().get(2);
    if (missing > 0) {
      clip = clip.concat(scope.zeros(new Shape(rows, tokens, missing)), 2);
    }
    NDArray t5 =
        third == null
            ? scope.zeros(new Shape(rows, tokens, width))
            : third.encode(passes.of(THIRD), thirdIds);
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("encoder_hidden_states", clip.concat(t5, 1));
    tensors.put("pooled_projections", projected(a, FIRST).concat(projected(b, SECOND), 1));
    return new Conditioning(tensors);
  }

  private static NDArray projected(ClipTextEncoder.Output output, String component) {
    NDArray projected = output.textEmbeds();
    if (projected == null) {
      throw new IllegalStateException(component + " has no projection");
    }
    return projected;
  }

  /** The encoded empty prompt. */
  @Override
  public Conditioning unconditional(Passes passes, int rows, ImageSize size) {
    return encode(passes, List.of(""), size).map(x -> x.repeat(0, rows));
  }
}
