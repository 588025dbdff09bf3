package dmdx.teacher.sd3;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Conditioning;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.pipeline.ClipPair;
import dmdx.nn.pipeline.ConditioningCase;
import dmdx.nn.text.T5Encoder;
import dmdx.nn.text.TokenIds;
import dmdx.nn.weights.ModelConfig;
import java.util.List;

/** Compares what SD3 is told of prompts with reference values. */
public final class Sd3ConditioningReference implements ReferenceCheck {
  private static final String NONE = "none";

  /**
   * Prompts the reference encoded.
   *
   * @param first stored ids of the first encoder
   * @param second those of the second
   * @param third those of T5; {@value #NONE} without T5
   * @param outputs beginning of the names of what came of them
   */
  private record Run(String first, String second, String third, String outputs) {}

  private static final List<Run> RUNS =
      List.of(
          new Run("prompt", "prompt", "prompt", "default."),
          new Run("empty", "empty", "empty", "default.negative_"),
          new Run("prompt", "prompt_2", "prompt_3", "separate_prompts."),
          new Run("negative", "negative", "negative", "separate_prompts.negative_"),
          new Run("prompt", "prompt", NONE, "no_t5."),
          new Run("empty", "empty", NONE, "no_t5.negative_"));

  /** Stateless. */
  public Sd3ConditioningReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return ConditioningCase.isOf(index, "sd3");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    int width = index.integer("joint_attention_dim");
    try (ConditioningCase golden = new ConditioningCase(index, manager)) {
      ClipPair clip = golden.clip();
      T5Encoder t5 = golden.t5(Sd3Conditioner.THIRD);
      for (Run run : RUNS) {
        ClipPair.Text text =
            clip.encode(
                golden.passes(),
                golden.ids("ids_1." + run.first()),
                golden.ids("ids_2." + run.second()));
        NDArray third = null;
        if (!run.third().equals(NONE)) {
          NDArray ids = TokenIds.tensor(golden.memory(), golden.ids("ids_3." + run.third()));
          third = t5.forward(golden.passes().of(Sd3Conditioner.THIRD), ids, null);
        }
        Conditioning actual = Sd3Conditioner.of(text, third, width);
        golden.compare(run.outputs() + "prompt_embeds", actual.get("encoder_hidden_states"));
        golden.compare(run.outputs() + "pooled_prompt_embeds", actual.get("pooled_projections"));
      }
      return golden.report();
    }
  }
}
