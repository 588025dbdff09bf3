package dmdx.teacher.sd3;

import dmdx.api.CheckpointException;
import dmdx.nn.pipeline.ClipFolders;
import dmdx.nn.pipeline.PipelineFolder;
import dmdx.nn.vae.AutoencoderKlConfig;
import dmdx.teacher.sd3.transformer.Sd3TransformerConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Whether the components of a checkpoint fit each other. */
final class Consistency {
  private Consistency() {}

  /**
   * @throws CheckpointException with everything that does not fit
   */
  static void check(
      PipelineFolder folder,
      Sd3TransformerConfig transformer,
      Sd3Conditioner text,
      AutoencoderKlConfig vae) {
    List<String> problems = new ArrayList<>();
    String file = folder.component("transformer").resolve("config.json") + ": ";
    int clip = text.first().config().width() + text.second().config().width();
    if (clip > transformer.contextWidth()) {
      problems.add(
          file
              + "'joint_attention_dim' is %d, expected at least the sum %d of the CLIP encoders' hidden_size"
                  .formatted(transformer.contextWidth(), clip));
    }
    int pooled = text.first().config().projection() + text.second().config().projection();
    for (String name : List.of(Sd3Conditioner.FIRST, Sd3Conditioner.SECOND)) {
      boolean isFirst = name.equals(Sd3Conditioner.FIRST);
      if ((isFirst ? text.first() : text.second()).config().projection() == 0) {
        problems.add(
            folder.component(name).resolve("config.json")
                + ": 'architectures' names no projection, expected CLIPTextModelWithProjection");
      }
    }
    if (pooled != transformer.pooledWidth()) {
      problems.add(
          file
              + "'pooled_projection_dim' is %d, expected the sum %d of the CLIP encoders' projection_dim"
                  .formatted(transformer.pooledWidth(), pooled));
    }
    if (transformer.inChannels() != vae.latentChannels()
        || transformer.outChannels() != vae.latentChannels()) {
      problems.add(
          file
              + "'in_channels' is %d and 'out_channels' %d, but the vae has latent_channels %d"
                  .formatted(
                      transformer.inChannels(), transformer.outChannels(), vae.latentChannels()));
    }
    Path first = folder.component("tokenizer");
    Path second = folder.component("tokenizer_2");
    problems.addAll(ClipFolders.misfits(first, text.firstTokenizer(), text.first().config()));
    problems.addAll(ClipFolders.misfits(second, text.secondTokenizer(), text.second().config()));
    if (text.firstTokenizer().maxLength() != text.secondTokenizer().maxLength()) {
      problems.add(
          "%s: tokenizer makes %d ids and tokenizer_2 %d, expected the same length"
              .formatted(
                  folder.path(),
                  text.firstTokenizer().maxLength(),
                  text.secondTokenizer().maxLength()));
    }
    LongText third = text.third();
    if (third != null) {
      check(folder, transformer, third, problems);
    }
    if (!problems.isEmpty()) {
      throw new CheckpointException(
          String.join(System.lineSeparator(), problems)
              + System.lineSeparator()
              + "Use components that were saved together.");
    }
  }

  private static void check(
      PipelineFolder folder,
      Sd3TransformerConfig transformer,
      LongText text,
      List<String> problems) {
    if (text.encoder().config().width() != transformer.contextWidth()) {
      problems.add(
          folder.component(Sd3Conditioner.THIRD).resolve("config.json")
              + ": 'd_model' is %d, but the transformer has joint_attention_dim %d"
                  .formatted(text.encoder().config().width(), transformer.contextWidth()));
    }
    if (text.tokenizer().vocabularySize() > text.encoder().config().vocabulary()) {
      problems.add(
          "%s: %d tokens, but text_encoder_3 has vocab_size %d"
              .formatted(
                  folder.component("tokenizer_3"),
                  text.tokenizer().vocabularySize(),
                  text.encoder().config().vocabulary()));
    }
  }
}
