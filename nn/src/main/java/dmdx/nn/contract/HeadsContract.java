package dmdx.nn.contract;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.Config;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.FeatureTap;
import dmdx.api.HeadsProvider;
import dmdx.api.network.ParameterSpec;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Leaves;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** What {@link DiscriminatorHeads} promise. */
public final class HeadsContract {
  private static final int ROWS = 3;

  private HeadsContract() {}

  /**
   * Every tap has logits {@code [B, 1, …]}, whose gradient reaches the tap's feature and every
   * trainable parameter; parameters have names of their own; memory stays flat.
   *
   * @param taps features that the heads fit
   * @param mapSizes the size of each as {@link dmdx.api.DiscriminatorBackbone#mapSizes} gives it
   */
  public static List<String> problems(
      DiscriminatorHeads heads, List<FeatureTap> taps, List<long[]> mapSizes) {
    Findings findings = new Findings();
    findings.part(
        "parameters",
        () -> {
          Set<String> names = new HashSet<>();
          for (ParameterSpec parameter : heads.parameters()) {
            findings.require(
                names.add(parameter.name()), "parameter '%s': is there twice", parameter.name());
          }
        });
    if (findings.list().isEmpty()) {
      findings.repeated("logits", manager -> logits(findings, heads, taps, mapSizes, manager));
    }
    return findings.list();
  }

  /**
   * The same of the heads that a provider builds, and what {@link SettingsContract} says of its
   * settings.
   *
   * @param own settings over the defaults
   */
  public static List<String> problems(
      HeadsProvider provider, Config own, List<FeatureTap> taps, List<long[]> mapSizes) {
    return SettingsContract.problems(
        provider,
        own,
        settings -> provider.create(taps, mapSizes, settings),
        heads -> problems(heads, taps, mapSizes));
  }

  private static void logits(
      Findings findings,
      DiscriminatorHeads heads,
      List<FeatureTap> taps,
      List<long[]> mapSizes,
      NDManager manager) {
    try (TrainableWeights weights = TrainableWeights.initialised(heads, 1, manager)) {
      NDArray noise = Noise.of("heads").gaussian(manager, weights.flat().getShape());
      Ops.copy(weights.flat(), Ops.times(noise, 0.3)); // no parameter is 0, as fresh ones may be
      try (Leaves leaves = weights.leaves()) {
        for (int i = 0; i < taps.size(); i++) {
          try (Scope scope = new Scope();
              Autograd.Mode recording = Autograd.recording()) {
            List<NDArray> features = features(taps, mapSizes, manager);
            List<NDArray> logits = heads.logits(ForwardPass.of(leaves, manager), features);
            if (logits.size() != taps.size()) {
              findings.add("logits: are %d, taps %d".formatted(logits.size(), taps.size()));
              return;
            }
            String what = "logits of tap '%s'".formatted(taps.get(i).name());
            if (!fits(findings, what, logits.get(i))) {
              return;
            }
            findings.finite(what, logits.get(i));
            findings.gradient(what, logits.get(i), features.get(i), false);
          }
        }
        for (ParameterSpec parameter : heads.parameters()) {
          if (parameter.trainable()) {
            NDArray gradient = Autograd.gradient(leaves.get(parameter.name()));
            findings.require(
                gradient != null && gradient.countNonzero().getLong() > 0,
                "parameter '%s': no logit depends on it",
                parameter.name());
          }
        }
      }
    }
  }

  private static List<NDArray> features(
      List<FeatureTap> taps, List<long[]> mapSizes, NDManager manager) {
    List<NDArray> features = new ArrayList<>();
    for (int i = 0; i < taps.size(); i++) {
      Shape shape = new Shape(ROWS, taps.get(i).channels()).addAll(new Shape(mapSizes.get(i)));
      features.add(Autograd.leaf(Noise.of("feature", i).gaussian(manager, shape)));
    }
    return features;
  }

  private static boolean fits(Findings findings, String what, NDArray logits) {
    Shape shape = logits.getShape();
    boolean fits = shape.dimension() >= 2 && shape.get(0) == ROWS && shape.get(1) == 1;
    findings.require(fits, "%s: are %s, expected (%d, 1, …)", what, shape, ROWS);
    return fits;
  }
}
