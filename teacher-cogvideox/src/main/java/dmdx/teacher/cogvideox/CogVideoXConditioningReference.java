package dmdx.teacher.cogvideox;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.pipeline.ConditioningCase;
import dmdx.nn.text.T5Encoder;
import dmdx.nn.text.TokenIds;
import dmdx.nn.weights.ModelConfig;

/** Compares what CogVideoX is told of prompts, T5's last hidden state, with reference values. */
public final class CogVideoXConditioningReference implements ReferenceCheck {
  private static final String TEXT = "text_encoder";

  /** Stateless. */
  public CogVideoXConditioningReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return ConditioningCase.isOf(index, "cogvideox");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    try (ConditioningCase golden = new ConditioningCase(index, manager)) {
      T5Encoder encoder = golden.t5(TEXT);
      for (String prefix : new String[] {"", "negative_"}) {
        String prompts = prefix.isEmpty() ? "ids.prompt" : "ids.empty";
        NDArray ids = TokenIds.tensor(golden.memory(), golden.ids(prompts));
        NDArray actual = encoder.forward(golden.passes().of(TEXT), ids, null);
        golden.compare(prefix + "prompt_embeds", actual);
      }
      return golden.report();
    }
  }
}
