package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
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
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("try") // resources that act by being open
class SoftplusGanLossTests {
  private static final float SLOPE = 2;

  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @CsvSource({"1, 0.25", "0, 0.25", "2, 3"})
  void adds_the_gan_gradient_to_that_of_dmd(double dmdWeight, double weight) {
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray student = Autograd.leaf(column(1));
      // dmd: (f - F) / |x - F| = (5 - 3) / (1 - 3)
      ScoreEstimates estimates = estimates(student, column(5), column(3), student.add(0.5f));
      Autograd.backward(
          SoftplusGanLoss.of(dmdWeight, weight)
              .generator(estimates, (x, t) -> List.of(x.mul(column(SLOPE)))));
      double gan = -SLOPE / (1 + Math.exp(SLOPE * 1.5));
      assertEquals(
          dmdWeight + weight * gan,
          Objects.requireNonNull(Autograd.gradient(student)).toFloatArray()[0],
          1e-6);
    }
  }

  @Test
  void critic_leaves_the_student_alone() {
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray student = Autograd.leaf(column(1));
      NDArray slope = Autograd.leaf(column(SLOPE));
      NDArray loss =
          SoftplusGanLoss.of(1, 1)
              .critic(
                  estimates(student, student, student, student.add(-2f)),
                  (x, t) -> List.of(x.mul(slope)));
      // real and fake are the same here: log(1 + e^d) + log(1 + e^-d) with d = -2
      assertEquals(Math.log1p(Math.exp(2)) + Math.log1p(Math.exp(-2)), loss.getFloat(), 1e-5);
      Autograd.backward(loss);
      assertNull(Autograd.gradient(student));
      assertNotNull(Autograd.gradient(slope));
    }
  }

  @Test
  void rejects_a_gan_without_weight() {
    assertThrows(
        SettingsException.class,
        () ->
            new SoftplusGanProvider()
                .create(
                    Settings.of(
                        ConfigFactory.parseString("weight = 0, dmd-weight = 1"), Path.of("."))));
  }

  @Test
  void adm_takes_either_objective() {
    NDArray x = column(1);
    ScoreEstimates estimates = estimates(x, x, x, x);
    DivergenceLoss.Critic critic = (y, t) -> List.of(y);
    assertEquals(-1, adm("hinge").generator(estimates, critic).getFloat(), 1e-6);
    assertEquals(
        Math.log1p(Math.exp(-1)), adm("softplus").generator(estimates, critic).getFloat(), 1e-6);
    SettingsException e = assertThrows(SettingsException.class, () -> adm("hing"));
    assertEquals(1, e.problems().size());
  }

  private static DivergenceLoss adm(String objective) {
    return new AdmProvider()
        .create(Settings.of(ConfigFactory.parseString("objective = " + objective), Path.of(".")));
  }

  private NDArray column(float value) {
    return manager.create(new float[] {value}, new Shape(1, 1));
  }

  private static ScoreEstimates estimates(
      NDArray student, NDArray fake, NDArray real, NDArray step) {
    return new ScoreEstimates(student, new double[1], new double[1], fake, real, step, step, null);
  }
}
