package dmdx.runner.train;

import dmdx.api.settings.Settings;
import dmdx.nn.optim.AdamW;
import java.util.List;
import java.util.Locale;

/**
 * How a role's weights are changed.
 *
 * @param learningRate peak learning rate
 * @param betas AdamW's beta1 and beta2; the paper uses (0, 0.99)
 * @param weightDecay decoupled weight decay
 * @param clip largest gradient norm; larger gradients are scaled down to it; 0 for no limit
 * @param warmup the role's own steps over which the learning rate rises linearly
 * @param decay {@code constant}, or {@code cosine} to fall to zero at the end of the stage
 * @param offload where the role's tensors lie
 */
public record OptimizerSettings(
    double learningRate,
    List<Double> betas,
    double weightDecay,
    double clip,
    int warmup,
    String decay,
    Offload offload) {

  /** Where a role's weights, gradient, moments and running mean lie between uses. */
  public enum Offload {
    NONE,
    /** In the memory of the host, from where they come to the device block by block. */
    HOST,
    /** In scratch files, of which the operating system keeps in memory what is in use. */
    DISK
  }

  /** Reads the keys of an {@code optimizer} section. */
  public static OptimizerSettings from(Settings s) {
    return new OptimizerSettings(
        s.number("learning-rate", 0, 1),
        s.numbers("betas", 2, 0, 0.999999),
        s.number("weight-decay", 0, 1),
        s.number("clip", 0, 1e9),
        s.integer("warmup", 0, Integer.MAX_VALUE),
        s.choice("decay", List.of("constant", "cosine")),
        Offload.valueOf(
            s.choice("offload", List.of("none", "host", "disk")).toUpperCase(Locale.ROOT)));
  }

  AdamW.Settings adamW() {
    return new AdamW.Settings(learningRate, betas.get(0), betas.get(1), 1e-8, weightDecay);
  }

  /**
   * The factor on the learning rate.
   *
   * @param steps steps the role has taken
   * @param iteration iteration of the stage
   * @param total iterations of the stage
   */
  double scale(long steps, long iteration, long total) {
    double rise = warmup == 0 ? 1 : Math.min(1, (steps + 1.0) / warmup);
    double fall =
        decay.equals("constant") ? 1 : 0.5 * (1 + Math.cos(Math.PI * iteration / (double) total));
    return rise * fall;
  }
}
