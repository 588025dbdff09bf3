package dmdx.runner.stage;

import dmdx.api.settings.Settings;
import dmdx.runner.train.OptimizerSettings;
import java.util.List;

/**
 * Adversarial distillation pre-training (Sec. 4.2).
 *
 * @param latentWeight lambda_1 of the latent discriminator
 * @param pixelWeight lambda_2 of the pixel discriminator; 0 builds none
 * @param divergence {@code adversarial}, or {@code rectified-flow} for ablation A1
 * @param timestepPower exponent of the generator's time, {@code t = (1 - (u/T)^p) T}; 3 is cubic
 * @param freshNoise whether the latent discriminator sees a pair and the student's sample of it
 *     under noise of their own each, not under the same
 * @param velocityWarmup iterations of velocity regression before the adversarial game, in which the
 *     student changes over from the teacher's parameterization to the pair's velocity
 */
record AdpSettings(
    TrainingSettings training,
    double latentWeight,
    double pixelWeight,
    String divergence,
    double timestepPower,
    boolean freshNoise,
    int velocityWarmup,
    OptimizerSettings student,
    OptimizerSettings discriminator) {

  static final String ADVERSARIAL = "adversarial";
  static final String REGRESSION = "rectified-flow";

  static AdpSettings from(Settings s) {
    return new AdpSettings(
        TrainingSettings.from(s),
        s.number("latent-weight", 0, 1e6),
        s.number("pixel-weight", 0, 1e6),
        s.choice("divergence", List.of(ADVERSARIAL, REGRESSION)),
        s.number("timestep-power", 0.1, 100),
        s.flag("fresh-noise"),
        s.integer("velocity-warmup", 0, Integer.MAX_VALUE),
        OptimizerSettings.from(s.section("student")),
        OptimizerSettings.from(s.section("discriminator")));
  }

  boolean adversarial() {
    return divergence.equals(ADVERSARIAL);
  }
}
