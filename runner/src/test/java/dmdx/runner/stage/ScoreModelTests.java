package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioning;
import dmdx.api.FlowPrediction;
import dmdx.api.FlowSchedule;
import dmdx.api.network.Denoiser;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.MapWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScoreModelTests {
  private final List<Long> rows = new ArrayList<>();

  /** {@code x + c}; notes how many rows it is given. */
  private final Denoiser sum =
      new Denoiser() {
        @Override
        public List<ParameterSpec> parameters() {
          return List.of();
        }

        @Override
        public NDArray forward(Pass pass, NDArray x, NDArray t, Conditioning conditioning) {
          rows.add(x.getShape().get(0));
          return x.add(conditioning.get("c"));
        }
      };

  private float[] output(double... scales) {
    ScoreModel score = new ScoreModel(sum, new FlowPrediction(), new FlowSchedule(1000));
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray x = manager.create(new float[] {1, 2}, new Shape(2, 1));
      Conditioning text = conditioning(manager, 0.3f, 0.7f);
      Guidance guidance = new Guidance(text, conditioning(manager, 0.1f, 0.1f), scales);
      Pass pass = ForwardPass.of(new MapWeights("none", Map.of()), manager);
      return score.output(pass, x, new double[] {500, 500}, guidance).toFloatArray();
    }
  }

  private static Conditioning conditioning(NDManager manager, float... values) {
    return new Conditioning(Map.of("c", manager.create(values, new Shape(2, 1))));
  }

  @Test
  void scale_1_is_the_conditional_output_and_costs_half() {
    assertArrayEquals(new float[] {1.3f, 2.7f}, output(1, 1), 0);
    assertEquals(List.of(2L), rows);
  }

  @Test
  void one_row_with_guidance_makes_all_be_computed_twice() {
    assertArrayEquals(new float[] {1.3f, 3.3f}, output(1, 2), 1e-6f);
    assertEquals(List.of(4L), rows);
  }
}
