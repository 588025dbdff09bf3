package dmdx.nn.pipeline;

import dmdx.api.CheckpointException;
import dmdx.nn.text.ClipTextConfig;
import dmdx.nn.text.ClipTextEncoder;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** CLIP text encoders and tokenizers as parts of a pipeline. */
public final class ClipFolders {
  private ClipFolders() {}

  /**
   * The network of a text encoder's folder.
   *
   * @param projected whether it has a projection if its file does not say
   * @throws CheckpointException if the folder holds another kind of encoder
   */
  public static ClipTextEncoder encoder(
      PipelineFolder folder, String component, boolean projected) {
    ModelConfig config = folder.config(component);
    String type = config.text("model_type", "clip_text_model");
    if (!type.equals("clip_text_model")) {
      throw new CheckpointException(
          "%s: 'model_type' is '%s', expected clip_text_model. Use the folder of an %s checkpoint."
              .formatted(config.path(), type, folder.layout().model()));
    }
    return ClipTextEncoder.of(ClipTextConfig.from(config, projected));
  }

  /** A text encoder for {@link PipelineNetworks#open}. */
  public static PipelineNetworks.Unopened unopened(String component, ClipTextEncoder encoder) {
    return new PipelineNetworks.Unopened(component, encoder, Map.of(), ClipTextEncoder::ignores);
  }

  /** Notes an encoder without projection. */
  public static void requireProjection(Misfits misfits, String component, ClipTextConfig encoder) {
    if (encoder.projection() == 0) {
      misfits.inConfig(
          component, "'architectures' names no projection, expected CLIPTextModelWithProjection");
    }
  }

  /**
   * Checks {@code tokenizer} and {@code tokenizer_2} against their encoders and each other.
   *
   * @param first of {@code tokenizer}
   * @param firstEncoder of its text encoder
   * @param second of {@code tokenizer_2}
   * @param secondEncoder of its text encoder
   */
  public static void check(
      Misfits misfits,
      PipelineFolder folder,
      ClipTokenizer first,
      ClipTextConfig firstEncoder,
      ClipTokenizer second,
      ClipTextConfig secondEncoder) {
    misfits.addAll(misfits(folder.component("tokenizer"), first, firstEncoder));
    misfits.addAll(misfits(folder.component("tokenizer_2"), second, secondEncoder));
    if (first.maxLength() != second.maxLength()) {
      misfits.addAll(
          List.of(
              "%s: tokenizer makes %d ids and tokenizer_2 %d, expected the same length"
                  .formatted(folder.path(), first.maxLength(), second.maxLength())));
    }
  }

  private static List<String> misfits(
      Path folder, ClipTokenizer tokenizer, ClipTextConfig encoder) {
    List<String> problems = new ArrayList<>();
    if (tokenizer.vocabularySize() > encoder.vocabulary()
        || tokenizer.maxLength() > encoder.positions()) {
      problems.add(
          "%s: %d tokens and %d ids a prompt, but its text encoder has vocab_size %d and max_position_embeddings %d"
              .formatted(
                  folder,
                  tokenizer.vocabularySize(),
                  tokenizer.maxLength(),
                  encoder.vocabulary(),
                  encoder.positions()));
    }
    if (encoder.endToken() != ClipTextConfig.LARGEST_ID
        && encoder.endToken() != tokenizer.endToken()) {
      problems.add(
          "%s: the end token is %d, but its text encoder has eos_token_id %d"
              .formatted(folder, tokenizer.endToken(), encoder.endToken()));
    }
    return problems;
  }
}
