package dmdx.teacher.sdxl;

import dmdx.api.CheckpointException;
import dmdx.nn.pipeline.ClipFolders;
import dmdx.nn.pipeline.ClipPair;
import dmdx.nn.pipeline.Misfits;
import dmdx.nn.pipeline.PipelineFolder;
import dmdx.nn.text.ClipTextConfig;
import dmdx.nn.vae.AutoencoderKlConfig;
import dmdx.teacher.sdxl.unet.UNetConfig;

/** Whether the components of a checkpoint fit each other. */
final class Consistency {
  private Consistency() {}

  /**
   * @throws CheckpointException with everything that does not fit
   */
  static void check(
      PipelineFolder folder, UNetConfig unet, SdxlConditioner text, AutoencoderKlConfig vae) {
    Misfits misfits = new Misfits(folder);
    ClipTextConfig first = text.clip().first().config();
    ClipTextConfig second = text.clip().second().config();
    int width = first.width() + second.width();
    if (unet.contextWidth() != width) {
      misfits.inConfig(
          SdxlTeacher.UNET,
          "'cross_attention_dim' is %d, but the text encoders' hidden_size are %d and %d; expected their sum %d"
              .formatted(unet.contextWidth(), first.width(), second.width(), width));
    }
    ClipFolders.requireProjection(misfits, ClipPair.SECOND, second);
    int projection = second.projection();
    if (!unet.hasAddition()) {
      misfits.inConfig(SdxlTeacher.UNET, "'addition_embed_type' is null, expected text_time");
    } else if (projection != 0 && unet.pooledWidth() != projection) {
      misfits.inConfig(
          SdxlTeacher.UNET,
          "'projection_class_embeddings_input_dim' is %d and leaves %d for the pooled text, but text_encoder_2 has projection_dim %d"
              .formatted(unet.additionWidth(), unet.pooledWidth(), projection));
    }
    misfits.channels(SdxlTeacher.UNET, unet.inChannels(), unet.outChannels(), vae.latentChannels());
    ClipFolders.check(
        misfits, folder, text.firstTokenizer(), first, text.secondTokenizer(), second);
    misfits.throwIfAny();
  }
}
