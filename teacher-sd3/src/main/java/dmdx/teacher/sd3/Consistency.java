package dmdx.teacher.sd3;

import dmdx.api.CheckpointException;
import dmdx.nn.pipeline.ClipFolders;
import dmdx.nn.pipeline.ClipPair;
import dmdx.nn.pipeline.Misfits;
import dmdx.nn.pipeline.PipelineFolder;
import dmdx.nn.text.ClipTextConfig;
import dmdx.nn.vae.AutoencoderKlConfig;
import dmdx.teacher.sd3.transformer.Sd3TransformerConfig;

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
    Misfits misfits = new Misfits(folder);
    ClipTextConfig first = text.clip().first().config();
    ClipTextConfig second = text.clip().second().config();
    int clip = first.width() + second.width();
    if (clip > transformer.contextWidth()) {
      misfits.inConfig(
          Sd3Teacher.TRANSFORMER,
          "'joint_attention_dim' is %d, expected at least the sum %d of the CLIP encoders' hidden_size"
              .formatted(transformer.contextWidth(), clip));
    }
    ClipFolders.requireProjection(misfits, ClipPair.FIRST, first);
    ClipFolders.requireProjection(misfits, ClipPair.SECOND, second);
    int pooled = first.projection() + second.projection();
    if (pooled != transformer.pooledWidth()) {
      misfits.inConfig(
          Sd3Teacher.TRANSFORMER,
          "'pooled_projection_dim' is %d, expected the sum %d of the CLIP encoders' projection_dim"
              .formatted(transformer.pooledWidth(), pooled));
    }
    misfits.channels(
        Sd3Teacher.TRANSFORMER,
        transformer.inChannels(),
        transformer.outChannels(),
        vae.latentChannels());
    ClipFolders.check(
        misfits, folder, text.firstTokenizer(), first, text.secondTokenizer(), second);
    if (text.third() != null) {
      text.third()
          .check(
              misfits, Sd3Teacher.TRANSFORMER, "joint_attention_dim", transformer.contextWidth());
    }
    misfits.throwIfAny();
  }
}
