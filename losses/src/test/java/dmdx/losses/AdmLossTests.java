package dmdx.losses;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Leaves;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // resources that act by being open
class AdmLossTests {
  private static final double[] T = {0.5, 0.5};
  private static final double[] S = {0.25, 0.125};

  private final NDManager manager = NDManager.newBaseManager();
  private final DivergenceLoss adm = new AdmLoss(new HingeLoss());

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void gradient_reaches_the_student_through_the_fake_step() {
    NDArray weights = manager.create(new float[] {2, -3}, new Shape(1, 2, 1, 1));
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray student =
          Autograd.leaf(manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2, 1, 1)));
      NDArray fakeStep = Ops.times(student, 0.5).add(1f);
      DivergenceLoss.Critic linear =
          (x, t) -> {
            assertArrayEquals(S, t);
            return List.of(x.mul(weights).sum(new int[] {1}, true));
          };

      Autograd.backward(adm.generator(estimates(student, fakeStep, student), linear));

      // -(1/B) w * 0.5
      assertArrayEquals(
          new float[] {-0.5f, 0.75f, -0.5f, 0.75f},
          Objects.requireNonNull(Autograd.gradient(student)).toFloatArray(),
          1e-7f);
    }
  }

  @Test
  void critic_leaves_the_student_alone_and_sees_real_and_fake() {
    try (Autograd.Mode recording = Autograd.recording()) {
      NDArray student = Autograd.leaf(manager.create(new float[] {0, 0}, new Shape(2, 1, 1, 1)));
      NDArray real = manager.create(new float[] {0.25f, 0.25f}, new Shape(2, 1, 1, 1));
      NDArray slope = Autograd.leaf(manager.create(2f));
      NDArray loss =
          adm.critic(
              estimates(student, student.add(-0.25f), real), (x, t) -> List.of(x.mul(slope)));
      assertEquals(0.5 + 0.5, loss.getFloat(), 1e-6);
      Autograd.backward(loss);
      assertNull(Autograd.gradient(student));
      assertEquals(-0.5f, Objects.requireNonNull(Autograd.gradient(slope)).getFloat(), 1e-6f);
    }
  }

  @Test
  void a_trained_critic_tells_two_modes_from_one_and_points_the_student_at_them() {
    Perceptron critic = new Perceptron();
    Shape shape = new Shape(64, 1);
    float[] modes = Noise.of(3, "real").gaussian(manager, shape).mul(0.05f).toFloatArray();
    for (int i = 0; i < modes.length; i++) {
      modes[i] += i % 2 == 0 ? 1 : -1;
    }
    NDArray real = manager.create(modes, shape);
    NDArray fake = Noise.of(3, "fake").gaussian(manager, shape).mul(0.3f);
    double[] times = new double[64];
    ScoreEstimates estimates = new ScoreEstimates(fake, times, times, null, null, fake, real, null);
    try (TrainableWeights weights = TrainableWeights.initialised(critic, 7, manager)) {
      for (int step = 0; step < 200; step++) {
        try (Scope scope = new Scope();
            Autograd.Mode recording = Autograd.recording();
            Leaves leaves = weights.leaves()) {
          Pass pass = ForwardPass.of(leaves, manager);
          Autograd.backward(adm.critic(estimates, (x, t) -> List.of(critic.forward(pass, x))));
          try (Autograd.Mode paused = Autograd.paused()) {
            weights.flat().subi(leaves.gradient(manager).mul(0.2f));
          }
        }
      }
      Pass pass = ForwardPass.of(weights, manager);
      float realLogit = critic.forward(pass, real).mean().getFloat();
      float fakeLogit = critic.forward(pass, fake).mean().getFloat();
      assertTrue(realLogit > 0.7 && fakeLogit < -0.7, realLogit + " " + fakeLogit);

      try (Autograd.Mode recording = Autograd.recording()) {
        NDArray student = Autograd.leaf(manager.create(new float[] {-0.6f, 0.6f}, new Shape(2, 1)));
        Autograd.backward(
            adm.generator(
                estimates(student, student, student), (x, t) -> List.of(critic.forward(pass, x))));
        float[] g = Objects.requireNonNull(Autograd.gradient(student)).toFloatArray();
        assertTrue(g[0] > 0 && g[1] < 0, g[0] + " " + g[1]);
      }
    }
  }

  private static ScoreEstimates estimates(NDArray student, NDArray fake, NDArray real) {
    return new ScoreEstimates(student, T, S, null, null, fake, real, null);
  }

  /** 1 -> 16 -> 1. */
  private static final class Perceptron implements Network {
    private final Linear in = Linear.of("in", 1, 16);
    private final Linear out = Linear.of("out", 16, 1);

    @Override
    public List<dmdx.api.network.ParameterSpec> parameters() {
      return new Parameters().add(in, out).list();
    }

    NDArray forward(Pass pass, NDArray x) {
      return out.forward(pass, Ops.gelu(in.forward(pass, x)));
    }
  }
}
