package dmdx.teacher.sdxl;

import dmdx.api.CheckpointException;
import dmdx.nn.pipeline.ClipFolders;
import dmdx.nn.pipeline.PipelineFolder;
import dmdx.nn.vae.AutoencoderKlConfig;
import dmdx.teacher.sdxl.unet.UNetConfig;
import java.util.ArrayList;
import java.util.List;

/** Whether the components of a checkpoint fit each other. */
final class Consistency {
  private Consistency() {}

  /**
   * @throws CheckpointException with everything that does not fit
   */
  static void check(
      PipelineFolder folder, UNetConfig unet, SdxlConditioner text, AutoencoderKlConfig vae) {
    List<String> problems = new ArrayList<>();
    String file = folder.component("unet").resolve("config.json") + ": ";
    int first = text.first().config().width();
    int second = text.second().config().width();
    int projection = text.second().config().projection();
    if (unet.contextWidth() != first + second) {
      problems.add(
          file
              + "'cross_attention_dim' is %d, but the text encoders' hidden_size are %d and %d; expected their sum %d"
                  .formatted(unet.contextWidth(), first, second, first + second));
    }
    if (!unet.hasAddition()) {
      problems.add(file + "'addition_embed_type' is null, expected text_time");
    } else if (projection == 0) {
      problems.add(
          folder.component(SdxlConditioner.SECOND).resolve("config.json")
              + ": 'architectures' names no projection, expected CLIPTextModelWithProjection");
    } else if (unet.pooledWidth() != projection) {
      problems.add(
          file
              + "'projection_class_embeddings_input_dim' is %d and leaves %d for the pooled text, but text_encoder_2 has projection_dim %d"
                  .formatted(unet.additionWidth(), unet.pooledWidth(), projection));
    }
    if (unet.inChannels() != vae.latentChannels() || unet.outChannels() != vae.latentChannels()) {
      problems.add(
          file
              + "'in_channels' is %d and 'out_channels' %d, but the vae has latent_channels %d"
                  .formatted(unet.inChannels(), unet.outChannels(), vae.latentChannels()));
    }
    problems.addAll(
        ClipFolders.misfits(
            folder.component("tokenizer"), text.firstTokenizer(), text.first().config()));
    problems.addAll(
        ClipFolders.misfits(
            folder.component("tokenizer_2"), text.secondTokenizer(), text.second().config()));
    if (text.firstTokenizer().maxLength() != text.secondTokenizer().maxLength()) {
      problems.add(
          "%s: tokenizer makes %d ids and tokenizer_2 %d, expected the same length"
              .formatted(
                  folder.path(),
                  text.firstTokenizer().maxLength(),
                  text.secondTokenizer().maxLength()));
    }
    if (!problems.isEmpty()) {
      throw new CheckpointException(
          String.join(System.lineSeparator(), problems)
              + System.lineSeparator()
              + "Use components that were saved together.");
    }
  }
}
