package dmdx.nn.schedule;

import dmdx.api.CheckpointException;
import dmdx.nn.schedule.VpSchedules.BetaSchedule;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A variance-preserving scheduler. Every such scheduler class of a checkpoint describes the same
 * tables; which class the file names decides nothing but defaults.
 *
 * @param trainTimesteps N
 * @param betaSchedule how betas grow
 * @param betaStart first beta, in (0, betaEnd]
 * @param betaEnd last beta, below 1
 * @param snrShift s of the shift {@code abar/(s + (1 - s) abar)} that divides the signal-to-noise
 *     ratio by s (CogVideoX); 1 for none
 * @param zeroTerminalSnr whether abar is rescaled to end in 0
 * @param grid how sampling steps are spread
 * @param stepsOffset added to the steps of a leading grid
 * @param setAlphaToOne whether abar "before" timestep 0 is 1 rather than abar_0
 * @param clipSample whether DDIM clips its clean estimates
 * @param clipSampleRange to {@code [-range, range]}
 * @param prediction what the network predicts
 */
public record SchedulerConfig(
    int trainTimesteps,
    BetaSchedule betaSchedule,
    double betaStart,
    double betaEnd,
    double snrShift,
    boolean zeroTerminalSnr,
    TimestepGrid grid,
    int stepsOffset,
    boolean setAlphaToOne,
    boolean clipSample,
    double clipSampleRange,
    Prediction prediction) {

  private static final List<String> CLASSES =
      List.of(
          "DDIMScheduler",
          "DDPMScheduler",
          "EulerDiscreteScheduler",
          "EulerAncestralDiscreteScheduler",
          "PNDMScheduler",
          "LMSDiscreteScheduler",
          "HeunDiscreteScheduler",
          "DPMSolverMultistepScheduler",
          "DPMSolverSinglestepScheduler",
          "UniPCMultistepScheduler",
          "CogVideoXDDIMScheduler",
          "CogVideoXDPMScheduler",
          "LCMScheduler",
          "TCDScheduler");

  /**
   * Reads {@code scheduler_config.json}.
   *
   * @throws CheckpointException if it is absent, of another kind of scheduler, or asks for what is
   *     not supported
   */
  public static SchedulerConfig read(Path file) {
    return of(ModelConfig.read(file));
  }

  /** As {@link #read}, from a configuration in memory. */
  public static SchedulerConfig of(ModelConfig config) {
    String name = config.text("_class_name", "DDIMScheduler");
    if (!CLASSES.contains(name)) {
      throw new CheckpointException(
          "%s: '_class_name' is '%s', expected a variance-preserving scheduler. Use one of %s."
              .formatted(config.path(), name, String.join(", ", CLASSES)));
    }
    config.requireNeutral("trained_betas");
    config.requireNeutral("thresholding", false);
    config.requireNeutral("sigma_min");
    config.requireNeutral("sigma_max");
    config.requireNeutral("interpolation_type", "linear");
    config.requireNeutral("final_sigmas_type", "zero");
    config.requireNeutral("timestep_type", "discrete");
    for (String key : List.of("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")) {
      config.requireNeutral(key, false);
    }
    boolean ddim = name.equals("DDIMScheduler");
    boolean video = name.startsWith("CogVideoX");
    String spacing = name.equals("EulerDiscreteScheduler") ? "linspace" : "leading";
    SchedulerConfig read =
        new SchedulerConfig(
            config.integer("num_train_timesteps", 1000),
            choice(
                config,
                "beta_schedule",
                video ? "scaled_linear" : "linear",
                Map.of("linear", BetaSchedule.LINEAR, "scaled_linear", BetaSchedule.SCALED_LINEAR)),
            config.number("beta_start", video ? 0.00085 : 0.0001),
            config.number("beta_end", video ? 0.012 : 0.02),
            video ? config.number("snr_shift_scale", 3) : 1,
            config.flag("rescale_betas_zero_snr", false),
            choice(config, "timestep_spacing", spacing, byName(TimestepGrid.values())),
            config.integer("steps_offset", 0),
            config.flag("set_alpha_to_one", ddim || video),
            !video && config.flag("clip_sample", ddim),
            config.number("clip_sample_range", 1),
            choice(config, "prediction_type", "epsilon", byName(Prediction.values())));
    if (read.trainTimesteps < 2
        || !(read.betaStart > 0 && read.betaEnd >= read.betaStart && read.betaEnd < 1)
        || !(read.snrShift > 0)
        || read.stepsOffset < 0
        || !(read.clipSampleRange > 0)) {
      throw new CheckpointException(
          ("%s: num_train_timesteps %d, beta_start %s, beta_end %s, snr_shift_scale"
                  + " %s, steps_offset %d, clip_sample_range %s; expected at least 2, 0 <"
                  + " beta_start <= beta_end < 1, above 0, at least 0, above 0. Correct the file.")
              .formatted(
                  config.path(),
                  read.trainTimesteps,
                  read.betaStart,
                  read.betaEnd,
                  read.snrShift,
                  read.stepsOffset,
                  read.clipSampleRange));
    }
    return read;
  }

  /** The same scheduler with another grid. */
  public SchedulerConfig withGrid(TimestepGrid other) {
    return new SchedulerConfig(
        trainTimesteps,
        betaSchedule,
        betaStart,
        betaEnd,
        snrShift,
        zeroTerminalSnr,
        other,
        stepsOffset,
        setAlphaToOne,
        clipSample,
        clipSampleRange,
        prediction);
  }

  private static <E extends Enum<E>> Map<String, E> byName(E[] values) {
    Map<String, E> named = new java.util.LinkedHashMap<>();
    for (E value : values) {
      named.put(value.name().toLowerCase(Locale.ROOT), value);
    }
    return named;
  }

  private static <T> T choice(
      ModelConfig config, String key, String standard, Map<String, T> choices) {
    String text = config.text(key, standard);
    T chosen = choices.get(text);
    if (chosen == null) {
      List<String> names = new ArrayList<>(choices.keySet());
      names.sort(null);
      throw new CheckpointException(
          "%s: '%s' is '%s', expected one of %s. Use a scheduler of that kind."
              .formatted(config.path(), key, text, String.join(", ", names)));
    }
    return chosen;
  }
}
