package dmdx.runner.stage;

import dmdx.api.GuidanceRange;
import dmdx.api.settings.Settings;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.train.OptimizerSettings;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Adversarial distribution matching (Sec. 4.1, Algorithm 1).
 *
 * @param divergence name of the divergence plugin
 * @param own the divergence plugin's own settings
 * @param start {@code adp} to start the student from that stage, {@code teacher} to start it anew
 * @param guidance the real score's guidance scales; {@code null} for the teacher's range
 * @param ttur fake-score updates per update of student and critic
 * @param fakeWarmup first iterations, in which only the fake score learns
 * @param divisions the ODE step is {@code T / divisions}
 * @param timeRange shares of the path between which the scores' time is drawn, the ODE step at
 *     least
 * @param throughFake whether the generator's gradient passes through the fake score
 * @param fakeTuning what of the fake score is trained
 * @param probeEvery iterations between values of the DMD loss in the metrics; 0 for none
 */
record AdmSettings(
    TrainingSettings training,
    String divergence,
    Settings own,
    String start,
    @Nullable GuidanceRange guidance,
    int ttur,
    int fakeWarmup,
    int divisions,
    List<Double> timeRange,
    boolean throughFake,
    int probeEvery,
    OptimizerSettings student,
    Tuning.Choice fakeTuning,
    OptimizerSettings fake,
    OptimizerSettings discriminator) {

  static AdmSettings from(Settings s, PluginRegistry plugins) {
    String divergence = s.text("divergence");
    return new AdmSettings(
        TrainingSettings.from(s),
        divergence,
        plugins.own(s, plugins.divergence(divergence)),
        s.choice("start", List.of("adp", "teacher")),
        s.optionalGuidance("guidance"),
        s.integer("ttur", 1, 1000),
        s.integer("fake-warmup", 0, Integer.MAX_VALUE),
        s.integer("divisions", 2, 1000),
        range(s, "time-range"),
        s.flag("through-fake"),
        s.integer("probe-every", 0, Integer.MAX_VALUE),
        OptimizerSettings.from(s.section("student")),
        Tuning.Choice.from(s.section("fake")),
        OptimizerSettings.from(s.section("fake")),
        OptimizerSettings.from(s.section("discriminator")));
  }

  private static List<Double> range(Settings s, String key) {
    List<Double> range = s.numbers(key, 2, 0, 1);
    if (range.get(0) >= range.get(1) && !s.hasProblems()) {
      s.problem(key, "is %s. Give two shares of the path, the lower first.".formatted(range));
    }
    return range;
  }
}
