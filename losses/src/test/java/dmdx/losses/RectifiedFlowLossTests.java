package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.nn.torch.Autograd;
import dmdx.nn.weights.Noise;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // resources that act by being open
class RectifiedFlowLossTests {
  private static final Shape SHAPE = new Shape(2, 3, 2, 2);
  private static final DivergenceLoss.Critic NONE = (x, t) -> List.of();

  private final NDManager manager = NDManager.newBaseManager();
  private final RectifiedFlowProvider provider = new RectifiedFlowProvider();
  private final DivergenceLoss loss =
      provider.create(Settings.of(provider.defaults(), Path.of(".")));

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void equals_the_squared_error_of_the_velocity() {
    double[] t = {0.25, 0.9};
    NDArray x0 = noise("x0");
    NDArray z = noise("z");
    NDArray time = manager.create(new float[] {0.25f, 0.9f}, new Shape(2, 1, 1, 1));
    NDArray xt = x0.mul(time.neg().add(1)).add(z.mul(time));
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray velocity = Autograd.leaf(noise("velocity"));
      NDArray student = xt.sub(velocity.mul(time));
      NDArray error = velocity.sub(z.sub(x0));

      NDArray value = loss.generator(estimates(student, t, x0), NONE);
      Autograd.backward(value);

      assertEquals(error.square().mean().getFloat(), value.getFloat(), 1e-4);
      assertArrayEquals(
          error.mul(2f / SHAPE.size()).toFloatArray(),
          Objects.requireNonNull(Autograd.gradient(velocity)).toFloatArray(),
          1e-5f);
    }
  }

  @Test
  void stays_finite_at_time_zero() {
    NDArray target = manager.zeros(SHAPE);
    NDArray student = manager.full(SHAPE, 0.001f);
    assertEquals(
        1, loss.generator(estimates(student, new double[2], target), NONE).getFloat(), 1e-5);
  }

  @Test
  void rejects_a_minimum_time_of_zero() {
    Settings settings = Settings.of(ConfigFactory.parseString("min-time = 0"), Path.of("."));
    assertThrows(SettingsException.class, () -> provider.create(settings));
  }

  private NDArray noise(String name) {
    return Noise.of(2, name).gaussian(manager, SHAPE);
  }

  private static ScoreEstimates estimates(NDArray student, double[] t, NDArray target) {
    return new ScoreEstimates(student, t, t, null, null, null, null, target);
  }
}
