package dmdx.teacher.cogvideox;

import dmdx.api.Conditioner;
import dmdx.api.Conditioning;
import dmdx.api.ImageSize;
import dmdx.api.network.Passes;
import dmdx.nn.pipeline.T5Text;
import java.util.List;
import java.util.Map;

/**
 * T5 alone: {@code encoder_hidden_states [B, M, X]} is its last hidden state.
 *
 * @param text T5 at the transformer's M
 */
record CogVideoXConditioner(T5Text text) implements Conditioner {

  @Override
  public Conditioning encode(Passes passes, List<String> prompts, ImageSize size) {
    return encode(passes, text.ids(prompts));
  }

  /**
   * @param ids one row per prompt, padded
   */
  Conditioning encode(Passes passes, long[][] ids) {
    return new Conditioning(
        Map.of("encoder_hidden_states", text.encode(passes.of(text.component()), ids)));
  }

  /** The encoded empty prompt. */
  @Override
  public Conditioning unconditional(Passes passes, int rows, ImageSize size) {
    return encode(passes, List.of(""), size).map(x -> x.repeat(0, rows));
  }
}
