package dmdx.nn.pipeline;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import dmdx.nn.text.T5Config;
import dmdx.nn.text.T5Encoder;
import dmdx.nn.text.T5Tokenizer;
import dmdx.nn.text.TokenIds;
import java.util.List;

/**
 * A T5 text encoder as part of a pipeline: prompts of a fixed length, padding attended to.
 *
 * @param component its folder
 * @param encoder the network
 * @param tokenizer its tokenizer
 * @param length ids per prompt
 */
public record T5Text(String component, T5Encoder encoder, T5Tokenizer tokenizer, int length) {

  /**
   * Reads a text encoder's configuration and its tokenizer, not its weights.
   *
   * @param tokenizer the tokenizer's folder
   */
  public static T5Text read(PipelineFolder folder, String component, String tokenizer, int length) {
    return new T5Text(
        component,
        T5Encoder.of(T5Config.from(folder.config(component))),
        T5Tokenizer.read(folder.component(tokenizer)),
        length);
  }

  /** The network for {@link PipelineNetworks#open}. */
  public PipelineNetworks.Unopened unopened() {
    return new PipelineNetworks.Unopened(
        component, encoder, T5Encoder.aliases(), T5Encoder::ignores);
  }

  /** The ids of each prompt, cut or padded. */
  public long[][] ids(List<String> prompts) {
    return prompts.stream().map(prompt -> tokenizer.encode(prompt, length)).toArray(long[][]::new);
  }

  /**
   * @param pass of the encoder
   * @param ids one row per prompt
   * @return last hidden states {@code [B, length, D]}
   */
  public NDArray encode(Pass pass, long[][] ids) {
    return encoder.forward(pass, TokenIds.tensor(pass.scope(), ids), null);
  }

  /**
   * Checks it against a denoiser and its tokenizer.
   *
   * @param denoiser the denoiser's component
   * @param key what the denoiser calls the width of its text
   * @param width that width
   */
  public void check(Misfits misfits, String denoiser, String key, int width) {
    if (encoder.config().width() != width) {
      misfits.inConfig(
          component,
          "'d_model' is %d, but the %s has %s %d"
              .formatted(encoder.config().width(), denoiser, key, width));
    }
    if (tokenizer.vocabularySize() > encoder.config().vocabulary()) {
      misfits.inConfig(
          component,
          "'vocab_size' is %d, but its tokenizer has %d tokens"
              .formatted(encoder.config().vocabulary(), tokenizer.vocabularySize()));
    }
  }
}
