package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.FeatureTap;
import dmdx.api.network.ParameterSpec;
import dmdx.api.settings.Settings;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MlpHeadsTests {
  private static final FeatureTap VECTOR = new FeatureTap("pooler", 5, 1, 0);

  @Test
  void turns_vectors_into_one_logit_each() {
    DiscriminatorHeads heads = heads(List.of(VECTOR, VECTOR), new long[0], new long[0]);
    assertEquals(2 * (5 * 8 + 8 + 8 * 8 + 8 + 8 + 1), heads.parameterCount());
    assertEquals(
        List.of(
            "heads.0.first.weight",
            "heads.0.first.bias",
            "heads.0.second.weight",
            "heads.0.second.bias",
            "heads.0.output.weight",
            "heads.0.output.bias"),
        heads.parameters().stream().map(ParameterSpec::name).limit(6).toList());
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(heads, 1, manager)) {
      NDArray x = Noise.of(1).gaussian(manager, new Shape(3, 5));
      List<NDArray> fresh = heads.logits(ForwardPass.of(weights, manager), List.of(x, x));
      assertEquals(0, fresh.get(1).abs().max().getFloat(), "a fresh head has an opinion");
      weights.get("heads.0.output.weight").addi(0.1f);
      List<NDArray> logits = heads.logits(ForwardPass.of(weights, manager), List.of(x, x));
      assertEquals(new Shape(3, 1), logits.get(0).getShape());

      // silu(W2 silu(W1 x + b1) + b2) summed, biases being zero at first
      double expected = 0;
      float[] first = weights.get("heads.0.first.weight").toFloatArray();
      float[] second = weights.get("heads.0.second.weight").toFloatArray();
      float[] row = x.toFloatArray();
      double[] hidden = new double[8];
      for (int i = 0; i < 8; i++) {
        for (int j = 0; j < 5; j++) {
          hidden[i] += first[5 * i + j] * row[j];
        }
        hidden[i] = silu(hidden[i]);
      }
      for (int i = 0; i < 8; i++) {
        double sum = 0;
        for (int j = 0; j < 8; j++) {
          sum += second[8 * i + j] * hidden[j];
        }
        expected += 0.1 * silu(sum);
      }
      assertEquals(expected, logits.get(0).toFloatArray()[0], 1e-5);
    }
  }

  @Test
  void names_the_heads_that_maps_need() {
    FeatureTap map = new FeatureTap("layer.2", 5, 1, 2);
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> heads(List.of(VECTOR, map), new long[0], new long[] {4, 4}));
    assertEquals(
        "mlp heads: tap 'layer.2' is a map, not a vector. Set 'heads' to conv.", e.getMessage());
  }

  private static double silu(double x) {
    return x / (1 + Math.exp(-x));
  }

  private static DiscriminatorHeads heads(List<FeatureTap> taps, long[]... sizes) {
    return new MlpHeadsProvider()
        .create(
            taps,
            List.of(sizes),
            Settings.of(ConfigFactory.parseString("width = 8"), Path.of(".")));
  }
}
