package dmdx.nn.contract;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLoss.Input;
import dmdx.api.ScoreEstimates;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Noise;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@link DivergenceLoss} promises. */
public final class DivergenceContract {
  private DivergenceContract() {}

  /**
   * The generator's loss is a finite scalar with gradient to every sample of the student, made of
   * no more than {@link DivergenceLoss#inputs()}; the critic's, if there is one, asks for real
   * samples and then for fake ones, and trains it; memory stays flat.
   *
   * @param shape of the latents, {@code [B, …]}
   */
  public static List<String> problems(DivergenceLoss loss, Shape shape) {
    Findings findings = new Findings();
    findings.require(!loss.inputs().isEmpty(), "inputs: there are none");
    findings.repeated("generator", manager -> new Case(loss, shape, manager).generator(findings));
    if (loss.hasCritic()) {
      findings.repeated("critic", manager -> new Case(loss, shape, manager).critic(findings));
    }
    findings.part(
        "counters",
        () ->
            loss.counters()
                .forEach(
                    (name, count) ->
                        findings.require(count >= 0, "counters: '%s' is %d", name, count)));
    return findings.list();
  }

  /**
   * One evaluation. The critic is linear: its only weight multiplies the channels' mean.
   *
   * @param manager owns its tensors
   */
  private record Case(DivergenceLoss loss, Shape shape, NDManager manager) {

    private NDArray noise(String name) {
      return Noise.of("contract", name).gaussian(manager, shape);
    }

    private double[] times(double t) {
      double[] times = new double[(int) shape.get(0)];
      Arrays.fill(times, t);
      return times;
    }

    private boolean has(Input input) {
      return loss.inputs().contains(input);
    }

    /**
     * @param student the samples; of the estimates those depend on it that do so in a run
     */
    private ScoreEstimates estimates(NDArray student) {
      boolean clean = has(Input.CLEAN_ESTIMATES);
      boolean steps = has(Input.ODE_STEPS);
      boolean fake = has(Input.DIFFERENTIABLE_FAKE);
      boolean real = has(Input.DIFFERENTIABLE_REAL);
      return new ScoreEstimates(
          student,
          times(0.5),
          times(0.25),
          clean ? estimate("fake", student, fake) : null,
          clean ? estimate("real", student, real) : null,
          steps ? estimate("fake step", student, true) : null,
          steps ? estimate("real step", student, real) : null,
          has(Input.ODE_PAIRS) ? noise("pair") : null);
    }

    private NDArray estimate(String name, NDArray student, boolean dependent) {
      return noise(name).add(Ops.times(dependent ? student : Ops.detach(student), 0.5));
    }

    private NDArray logits(Findings findings, NDArray x, double[] t, @Nullable NDArray weight) {
      findings.shape("samples shown to the critic", x, shape);
      findings.require(
          t.length == shape.get(0),
          "critic: is given %d times for %d samples",
          t.length,
          shape.get(0));
      NDArray mean = x.mean(new int[] {1}, true);
      return weight == null ? mean : mean.mul(weight);
    }

    void generator(Findings findings) {
      try (Scope scope = new Scope();
          Autograd.Mode recording = Autograd.recording()) {
        NDArray leaf = Autograd.leaf(noise("student"));
        NDArray value =
            loss.generator(
                estimates(leaf),
                (x, t) -> {
                  findings.require(
                      loss.hasCritic(), "generator: calls a critic, which hasCritic() denies");
                  return List.of(logits(findings, x, t, null));
                });
        if (findings.loss("generator's loss", value, "input")) {
          findings.arrived("generator's loss", value, leaf, true);
        }
      }
    }

    void critic(Findings findings) {
      try (Scope scope = new Scope();
          Autograd.Mode recording = Autograd.recording()) {
        NDArray weight = Autograd.leaf(manager.ones(new Shape(1)));
        NDArray student = noise("student");
        int[] calls = new int[1];
        NDArray value =
            loss.critic(
                estimates(student),
                (x, t) -> {
                  calls[0]++;
                  return List.of(logits(findings, x, t, weight));
                });
        findings.require(
            calls[0] == 2,
            "critic: asks for logits %d times, expected twice, of real and of fake samples",
            calls[0]);
        if (findings.loss("critic's loss", value, "input")) {
          findings.arrived("critic's loss", value, weight, true);
        }
      }
    }
  }
}
