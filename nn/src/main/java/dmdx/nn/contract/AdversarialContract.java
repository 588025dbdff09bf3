package dmdx.nn.contract;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.AdversarialLoss;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Noise;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** What {@link AdversarialLoss} promises. */
public final class AdversarialContract {
  private static final double TOLERANCE = 1e-5;

  private AdversarialContract() {}

  /**
   * Both losses are finite scalars with gradient to every logit, averaged over positions and then
   * over maps. The generator's is lower the larger the logits of its samples are, the
   * discriminator's if those of real samples are larger than those of fake ones. Memory stays flat,
   * and {@link SettingsContract} holds.
   */
  public static List<String> problems(AdversarialLoss loss) {
    return SettingsContract.problems(
        loss, ConfigFactory.empty(), loss::with, AdversarialContract::values);
  }

  private static List<String> values(AdversarialLoss loss) {
    Findings findings = new Findings();
    findings.repeated("losses", manager -> new Case(loss, manager).check(findings));
    return findings.list();
  }

  private record Case(AdversarialLoss loss, NDManager manager) {

    private NDArray map(String name, long side) {
      Shape shape = new Shape(2, 1, side, side);
      return Ops.times(Noise.of("logits", name).gaussian(manager, shape), 0.1);
    }

    private List<NDArray> all(float logit) {
      return List.of(manager.full(new Shape(2, 1, 3, 3), logit));
    }

    void check(Findings findings) {
      String generator = "generator's loss";
      String discriminator = "discriminator's loss";
      List<NDArray> maps = List.of(map("own", 3));
      gradient(findings, generator, fake -> loss.generator(List.of(fake)));
      gradient(findings, discriminator, fake -> loss.discriminator(maps, List.of(fake)));
      gradient(findings, discriminator, real -> loss.discriminator(List.of(real), maps));
      if (!findings.list().isEmpty()) {
        return;
      }
      findings.require(
          value(loss.generator(all(0.5f))) < value(loss.generator(all(-0.5f))),
          "%s: is not lower if the logits of its samples are larger",
          generator);
      findings.require(
          value(loss.discriminator(all(0.5f), all(-0.5f)))
              < value(loss.discriminator(all(-0.5f), all(0.5f))),
          "%s: is not lower if the logits of real samples are larger than those of fake ones",
          discriminator);
      averages(findings, generator, loss::generator);
      averages(findings, discriminator, both -> loss.discriminator(both, both));
    }

    private static float value(NDArray scalar) {
      return scalar.getFloat();
    }

    /** It must be a finite scalar with gradient to every logit. */
    private void gradient(Findings findings, String what, UnaryOperator<NDArray> value) {
      try (Scope scope = new Scope();
          Autograd.Mode recording = Autograd.recording()) {
        NDArray leaf = Autograd.leaf(map("leaf", 3));
        NDArray y = value.apply(leaf);
        if (findings.loss(what, y, "logits")) {
          findings.arrived(what, y, leaf, true);
        }
      }
    }

    /**
     * A map of twice the positions counts as much as it alone, and every map as much as another.
     */
    private void averages(Findings findings, String what, Function<List<NDArray>, NDArray> loss) {
      NDArray large = map("large", 4);
      NDArray small = map("small", 1);
      float one = value(loss.apply(List.of(large)));
      float other = value(loss.apply(List.of(small)));
      float doubled = value(loss.apply(List.of(large.concat(large, 3))));
      findings.require(
          Math.abs(doubled - one) < TOLERANCE,
          "%s: is %s of a map and %s of the map beside itself; take the mean over positions",
          what,
          one,
          doubled);
      float both = value(loss.apply(List.of(large, small)));
      findings.require(
          Math.abs(both - (one + other) / 2) < TOLERANCE,
          "%s: is %s and %s of two maps and %s of both; take the mean over maps",
          what,
          one,
          other,
          both);
    }
  }
}
