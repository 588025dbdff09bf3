package dmdx.teacher.sd3;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioner;
import dmdx.api.Conditioning;
import dmdx.api.ImageSize;
import dmdx.api.network.Passes;
import dmdx.nn.pipeline.ClipPair;
import dmdx.nn.pipeline.T5Text;
import dmdx.nn.text.ClipTokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Two CLIP text encoders and, behind them along the sequence, T5: {@code encoder_hidden_states [B,
 * M, X]} are CLIP's penultimate hidden states side by side, filled up with zeros to T5's width,
 * then T5's last hidden state; {@code pooled_projections [B, P]} are both CLIP projections.
 *
 * @param clip both encoders, with projections
 * @param firstTokenizer the first one's tokenizer
 * @param secondTokenizer the second one's tokenizer
 * @param third T5; null for zeros of CLIP's length in its place
 * @param width X
 */
record Sd3Conditioner(
    ClipPair clip,
    ClipTokenizer firstTokenizer,
    ClipTokenizer secondTokenizer,
    @Nullable T5Text third,
    int width)
    implements Conditioner {
  static final String THIRD = "text_encoder_3";

  @Override
  public Conditioning encode(Passes passes, List<String> prompts, ImageSize size) {
    ClipPair.Text text =
        clip.encode(
            passes, ClipPair.ids(firstTokenizer, prompts), ClipPair.ids(secondTokenizer, prompts));
    NDArray t5 = third == null ? null : third.encode(passes.of(THIRD), third.ids(prompts));
    return of(text, t5, width);
  }

  /**
   * @param t5 T5's last hidden state {@code [B, L, X]}; null for zeros of CLIP's length
   * @param width X
   */
  static Conditioning of(ClipPair.Text text, @Nullable NDArray t5, int width) {
    NDArray clip = text.hidden();
    NDManager manager = clip.getManager();
    long rows = clip.getShape().get(0);
    long tokens = clip.getShape().get(1);
    long missing = width - clip.getShape().get(2);
    if (missing > 0) {
      clip = clip.concat(manager.zeros(new Shape(rows, tokens, missing)), 2);
    }
    NDArray third = t5 == null ? manager.zeros(new Shape(rows, tokens, width)) : t5;
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("encoder_hidden_states", clip.concat(third, 1));
    tensors.put("pooled_projections", text.firstProjection().concat(text.secondProjection(), 1));
    return new Conditioning(tensors);
  }

  /** The encoded empty prompt. */
  @Override
  public Conditioning unconditional(Passes passes, int rows, ImageSize size) {
    return encode(passes, List.of(""), size).map(x -> x.repeat(0, rows));
  }
}
