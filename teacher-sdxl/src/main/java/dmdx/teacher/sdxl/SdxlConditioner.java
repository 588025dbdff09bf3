package dmdx.teacher.sdxl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioner;
import dmdx.api.Conditioning;
import dmdx.api.ImageSize;
import dmdx.api.network.Passes;
import dmdx.nn.pipeline.ClipPair;
import dmdx.nn.text.ClipTokenizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Two CLIP text encoders: their penultimate hidden states side by side are {@code
 * encoder_hidden_states [B, M, X]}, the second one's projection is {@code text_embeds [B, P]}, and
 * {@code time_ids [B, 6]} say how large the picture was, where it was cropped and how large it is
 * to be.
 *
 * @param clip both encoders, the second with projection
 * @param firstTokenizer the first one's tokenizer
 * @param secondTokenizer the second one's tokenizer
 * @param forceZeros whether the unconditional text is all zeros rather than the empty prompt
 */
record SdxlConditioner(
    ClipPair clip, ClipTokenizer firstTokenizer, ClipTokenizer secondTokenizer, boolean forceZeros)
    implements Conditioner {

  @Override
  public Conditioning encode(Passes passes, List<String> prompts, ImageSize size) {
    ClipPair.Text text =
        clip.encode(
            passes, ClipPair.ids(firstTokenizer, prompts), ClipPair.ids(secondTokenizer, prompts));
    return of(text, timeIds(passes.of(ClipPair.FIRST).scope(), prompts.size(), size));
  }

  @Override
  public Conditioning unconditional(Passes passes, int rows, ImageSize size) {
    if (!forceZeros) {
      Conditioning empty = encode(passes, List.of(""), size);
      return empty.map(x -> x.repeat(0, rows));
    }
    NDManager scope = passes.of(ClipPair.FIRST).scope();
    return of(noText(clip, scope, rows, firstTokenizer.maxLength()), timeIds(scope, rows, size));
  }

  /** Zeros in place of a text of so many tokens. */
  static ClipPair.Text noText(ClipPair clip, NDManager manager, int rows, int tokens) {
    return new ClipPair.Text(
        manager.zeros(new Shape(rows, tokens, clip.width())),
        null,
        manager.zeros(new Shape(rows, clip.second().config().projection())));
  }

  static Conditioning of(ClipPair.Text text, NDArray timeIds) {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("encoder_hidden_states", text.hidden());
    tensors.put("text_embeds", text.secondProjection());
    tensors.put("time_ids", timeIds);
    return new Conditioning(tensors);
  }

  /** Uncropped pictures of the size asked for. */
  private static NDArray timeIds(NDManager manager, int rows, ImageSize size) {
    float[] ids = new float[6 * rows];
    for (int row = 0; row < rows; row++) {
      ids[6 * row] = size.height();
      ids[6 * row + 1] = size.width();
      ids[6 * row + 4] = size.height();
      ids[6 * row + 5] = size.width();
    }
    return manager.create(ids, new Shape(rows, 6));
  }
}
