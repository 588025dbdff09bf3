package dmdx.teacher.sdxl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Conditioning;
import dmdx.nn.layer.SinusoidalEmbedding;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.pipeline.ClipPair;
import dmdx.nn.pipeline.ConditioningCase;
import dmdx.nn.weights.ModelConfig;
import java.util.List;

/** Compares what SDXL is told of prompts and sizes with reference values. */
public final class SdxlConditioningReference implements ReferenceCheck {
  /** Absolute: arguments reach 1024 rad. */
  private static final double SINUSOID_TOLERANCE = 2e-4;

  private static final String ZEROS = "zeros";

  /**
   * Prompts the reference encoded.
   *
   * @param first stored ids of the first encoder; {@value #ZEROS} for no text
   * @param second those of the second
   * @param outputs beginning of the names of what came of them
   */
  private record Run(String first, String second, String outputs) {}

  private static final List<Run> RUNS =
      List.of(
          new Run("prompt", "prompt_2", "two_prompts_force_zeros."),
          new Run(ZEROS, ZEROS, "two_prompts_force_zeros.negative_"),
          new Run("prompt", "prompt", "empty_string_negative."),
          new Run("empty", "empty", "empty_string_negative.negative_"),
          new Run("prompt", "prompt", "no_force_zeros."),
          new Run("empty", "empty", "no_force_zeros.negative_"),
          new Run("prompt", "prompt", "negative_two_images."),
          new Run("negative", "negative", "negative_two_images.negative_"));

  /** Stateless. */
  public SdxlConditioningReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return ConditioningCase.isOf(index, "sdxl");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    try (ConditioningCase golden = new ConditioningCase(index, manager)) {
      ClipPair clip = golden.clip();
      NDArray timeIds = golden.input("time_ids");
      for (Run run : RUNS) {
        ClipPair.Text text =
            run.first().equals(ZEROS)
                ? noText(golden, clip, run.outputs() + "prompt_embeds")
                : clip.encode(
                    golden.passes(),
                    golden.ids("ids_1." + run.first()),
                    golden.ids("ids_2." + run.second()));
        Conditioning actual = SdxlConditioner.of(text, timeIds);
        golden.compare(run.outputs() + "prompt_embeds", actual.get("encoder_hidden_states"));
        golden.compare(run.outputs() + "pooled_prompt_embeds", actual.get("text_embeds"));
      }
      NDArray embedded = new SinusoidalEmbedding(256, true, 0).forward(timeIds.reshape(-1));
      NDArray perRow = embedded.reshape(timeIds.getShape().get(0), -1);
      golden.compare("time_embeds", perRow, SINUSOID_TOLERANCE);
      return golden.report();
    }
  }

  private static ClipPair.Text noText(ConditioningCase golden, ClipPair clip, String like) {
    NDArray stored = golden.stored(like);
    int rows = (int) stored.getShape().get(0);
    int tokens = (int) stored.getShape().get(1);
    return SdxlConditioner.noText(clip, golden.memory(), rows, tokens);
  }
}
