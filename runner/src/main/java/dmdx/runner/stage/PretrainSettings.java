package dmdx.runner.stage;

import dmdx.api.Precision;
import dmdx.api.settings.Settings;
import dmdx.runner.train.OptimizerSettings;
import java.nio.file.Path;

/**
 * Diffusion pre-training on images and captions (Eq. 2, Eq. 3): makes a teacher from scratch.
 *
 * @param data image folder with {@code metadata.jsonl}
 * @param dropout probability of replacing a caption by the unconditional one, for guidance
 * @param flip whether pictures are mirrored at random
 * @param ema decay of the running mean that is saved; 0 for none
 * @param output folder the trained pipeline is written to
 * @param precision format its weights are saved in
 */
record PretrainSettings(
    TrainingSettings training,
    Path data,
    double dropout,
    boolean flip,
    double ema,
    Path output,
    Precision precision,
    OptimizerSettings optimizer) {

  static PretrainSettings from(Settings s) {
    return new PretrainSettings(
        TrainingSettings.from(s),
        s.path("data"),
        s.number("dropout", 0, 1),
        s.flag("flip"),
        s.number("ema", 0, 0.999999),
        s.path("output"),
        Precision.of(s.choice("precision", Precision.names())),
        OptimizerSettings.from(s.section("optimizer")));
  }
}
