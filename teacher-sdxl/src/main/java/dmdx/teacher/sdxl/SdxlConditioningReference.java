package dmdx.teacher.sdxl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.network.Passes;
import dmdx.nn.layer.SinusoidalEmbedding;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.text.ClipTextConfig;
import dmdx.nn.text.ClipTextEncoder;
import dmdx.nn.text.TokenIds;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.teacher.sdxl.SdxlEncoders.Text;
import java.nio.file.Path;
import java.util.List;

/** Compares what SDXL is told of prompts with reference values. */
public final class SdxlConditioningReference implements ReferenceCheck {
  private static final double TOLERANCE = 2e-5;

  /** Absolute: arguments reach 1024 rad. */
  private static final double SINUSOID_TOLERANCE = 2e-4;

  private static final String ZEROS = "zeros";

  /**
   * A text the reference encoded.
   *
   * @param first stored ids of the first encoder; {@value #ZEROS} for no text
   * @param second those of the second
   * @param variant how the pipeline was called
   * @param negative whether it is the unconditional text
   */
  private record Run(String first, String second, String variant, boolean negative) {}

  private static final List<Run> RUNS =
      List.of(
          new Run("prompt", "prompt_2", "two_prompts_force_zeros", false),
          new Run(ZEROS, ZEROS, "two_prompts_force_zeros", true),
          new Run("prompt", "prompt", "empty_string_negative", false),
          new Run("empty", "empty", "empty_string_negative", true),
          new Run("prompt", "prompt", "no_force_zeros", false),
          new Run("empty", "empty", "no_force_zeros", true),
          new Run("prompt", "prompt", "negative_two_images", false),
          new Run("negative", "negative", "negative_two_images", true));

  /** Stateless. */
  public SdxlConditioningReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return index.json().path("family").asText().equals("prompt-conditioning")
        && index.json().path("case").asText().equals("sdxl");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    Path folder = index.path().resolveSibling("");
    SdxlEncoders encoders =
        new SdxlEncoders(
            encoder(folder.resolve(SdxlEncoders.FIRST)),
            encoder(folder.resolve(SdxlEncoders.SECOND)));
    ParityRows rows = new ParityRows("io.safetensors");
    try (NDManager memory = manager.newSubManager();
        CheckpointWeights first = weights(folder, SdxlEncoders.FIRST, encoders.first(), memory);
        CheckpointWeights second = weights(folder, SdxlEncoders.SECOND, encoders.second(), memory);
        SafetensorsFile io = SafetensorsFile.open(folder.resolve("io.safetensors"))) {
      Passes passes =
          name -> ForwardPass.of(name.equals(SdxlEncoders.FIRST) ? first : second, memory);
      for (Run run : RUNS) {
        String name = run.variant() + (run.negative() ? ".negative_" : ".");
        NDArray hidden = io.read("out." + name + "prompt_embeds", memory);
        NDArray pooled = io.read("out." + name + "pooled_prompt_embeds", memory);
        int texts = (int) hidden.getShape().get(0);
        Text text =
            run.first().equals(ZEROS)
                ? encoders.zeros(memory, texts, (int) hidden.getShape().get(1))
                : encoders.encode(
                    passes,
                    TokenIds.rows(io.read("in.ids_1." + run.first(), memory)),
                    TokenIds.rows(io.read("in.ids_2." + run.second(), memory)));
        long copies = texts / text.hidden().getShape().get(0);
        NDArray copied = text.hidden().repeat(0, copies);
        rows.tensor("out", name + "prompt_embeds", copied, hidden, TOLERANCE);
        NDArray copiedPooled = text.pooled().repeat(0, copies);
        rows.tensor("out", name + "pooled_prompt_embeds", copiedPooled, pooled, TOLERANCE);
      }
      NDArray ids = io.read("in.time_ids", memory).reshape(-1);
      NDArray stored = io.read("out.time_embeds", memory);
      NDArray actual =
          new SinusoidalEmbedding(256, true, 0).forward(ids).reshape(stored.getShape());
      rows.tensor("out", "time_embeds", actual, stored, ParityRows.ABSOLUTE, SINUSOID_TOLERANCE);
    }
    return new ParityReport(folder, rows.list());
  }

  private static ClipTextEncoder encoder(Path folder) {
    return ClipTextEncoder.of(
        ClipTextConfig.from(ModelConfig.read(folder.resolve("config.json"))));
  }

  private static CheckpointWeights weights(
      Path folder, String name, ClipTextEncoder network, NDManager manager) {
    return CheckpointWeights.open(
        folder.resolve(name), "model", null, network, ClipTextEncoder::ignores, manager);
  }
}
