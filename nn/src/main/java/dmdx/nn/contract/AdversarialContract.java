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

/** What {@link AdversarialLoss} promises. */
public final class AdversarialContract {
  private static final double TOLERANCE = 1e-5;

  private AdversarialContract() {}

  /**
   * Both losses are finite scalars, averaged over positions and then over maps. Near 0, where a
   * discriminator starts, the generator's falls as logits of its samples rise; the discriminator's
   * rises with them, and falls as logits of real samples rise. Memory stays flat, and {@link
   * SettingsContract} holds.
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
      return Ops.times(
          Noise.of("logits", name).gaussian(manager, new Shape(2, 1, side, side)), 0.1);
    }

    void check(Findings findings) {
      String generator = "generator's loss";
      String discriminator = "discriminator's loss";
      NDArray real = map("real", 3);
      slope(findings, generator, -1, fake -> loss.generator(List.of(fake)));
      slope(findings, discriminator, 1, fake -> loss.discriminator(List.of(real), List.of(fake)));
      slope(
          findings,
          discriminator,
          -1,
          x -> loss.discriminator(List.of(x), List.of(map("fake", 3))));
      averages(findings, generator, loss::generator);
      averages(findings, discriminator, maps -> loss.discriminator(maps, maps));
    }

    /** The sign of the loss's derivative with respect to every logit. */
    private void slope(Findings findings, String what, int sign, Function<NDArray, NDArray> value) {
      try (Scope scope = new Scope();
          Autograd.Mode recording = Autograd.recording()) {
        NDArray leaf = Autograd.leaf(map("leaf", 3));
        NDArray y = value.apply(leaf);
        findings.finite(what, y);
        if (!findings.shape(what, y, new Shape())) {
          return;
        }
        if (!Autograd.isRecorded(y)) {
          findings.add(what + ": no gradient flows to the logits");
          return;
        }
        Autograd.backward(y);
        NDArray gradient = Autograd.gradient(leaf);
        findings.require(
            gradient != null && Ops.times(gradient, sign).gt(0).all().getBoolean(),
            "%s: does not %s as logits of %s samples rise",
            what,
            sign > 0 ? "rise" : "fall",
            what.startsWith("discriminator") && sign < 0 ? "real" : "fake");
      }
    }

    /** A map's positions count as much as they are many, and every map as much as another. */
    private void averages(Findings findings, String what, Function<List<NDArray>, NDArray> value) {
      try (Scope scope = new Scope()) {
        NDArray large = map("large", 4);
        NDArray small = map("small", 1);
        NDArray both = value.apply(List.of(large, small));
        NDArray one = value.apply(List.of(large));
        NDArray other = value.apply(List.of(small));
        if (both.size() == 1 && one.size() == 1 && other.size() == 1) {
          double mean = (one.getFloat() + other.getFloat()) / 2;
          findings.require(
              Math.abs(both.getFloat() - mean) < TOLERANCE,
              "%s: of two maps is %s, not the mean of each one's, %s",
              what,
              both.getFloat(),
              mean);
        }
      }
    }
  }
}
