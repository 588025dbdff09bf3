package dmdx.teacher.sdxl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioner;
import dmdx.api.Conditioning;
import dmdx.api.ImageSize;
import dmdx.api.network.Pass;
import dmdx.api.network.Passes;
import dmdx.nn.text.ClipTextEncoder;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.text.TokenIds;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Two CLIP text encoders: their penultimate hidden states side by side are {@code
 * encoder_hidden_states [B, M, X]}, the second one's projection is {@code text_embeds [B, P]}, and
 * {@code time_ids [B, 6]} say how large the picture was, where it was cropped and how large it is
 * to be.
 *
 * @param first network of {@code text_encoder}
 * @param firstTokenizer its tokenizer
 * @param second network of {@code text_encoder_2}, with projection
 * @param secondTokenizer its tokenizer
 * @param forceZeros whether the unconditional text is all zeros rather than the empty prompt
 */
record SdxlConditioner(
    ClipTextEncoder first,
    ClipTokenizer firstTokenizer,
    ClipTextEncoder second,
    ClipTokenizer secondTokenizer,
    boolean forceZeros)
    implements Conditioner {
  static final String FIRST = "text_encoder";
  static final String SECOND = "text_encoder_2";

  @Override
  public Conditioning encode(Passes passes, List<String> prompts, ImageSize size) {
    return encode(passes, ids(firstTokenizer, prompts), ids(secondTokenizer, prompts), size);
  }

  private static long[][] ids(ClipTokenizer tokenizer, List<String> prompts) {
    return prompts.stream().map(tokenizer::encode).toArray(long[][]::new);
  }

  /**
   * @param firstIds one row per prompt, padded
   * @param secondIds likewise
   */
  Conditioning encode(Passes passes, long[][] firstIds, long[][] secondIds, ImageSize size) {
    Pass pass = passes.of(FIRST);
    Pass secondPass = passes.of(SECOND);
    ClipTextEncoder.Output a = first.forward(pass, TokenIds.tensor(pass.scope(), firstIds), null);
    ClipTextEncoder.Output b =
        second.forward(secondPass, TokenIds.tensor(secondPass.scope(), secondIds), null);
    NDArray pooled = b.textEmbeds();
    if (pooled == null) {
      throw new IllegalStateException(SECOND + " has no projection");
    }
    NDArray hidden = a.penultimate().concat(b.penultimate(), 2);
    return conditioning(hidden, pooled, timeIds(pass.scope(), firstIds.length, size));
  }

  @Override
  public Conditioning unconditional(Passes passes, int rows, ImageSize size) {
    if (!forceZeros) {
      Conditioning empty = encode(passes, List.of(""), size);
      return empty.map(x -> x.repeat(0, rows));
    }
    NDManager scope = passes.of(FIRST).scope();
    int width = first.config().width() + second.config().width();
    return conditioning(
        scope.zeros(new Shape(rows, firstTokenizer.maxLength(), width)),
        scope.zeros(new Shape(rows, second.config().projection())),
        timeIds(scope, rows, size));
  }

  private static Conditioning conditioning(NDArray hidden, NDArray pooled, NDArray timeIds) {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("encoder_hidden_states", hidden);
    tensors.put("text_embeds", pooled);
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
