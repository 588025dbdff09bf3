package dmdx.runner.stage;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.Metric;
import dmdx.api.settings.Names;
import dmdx.nn.torch.Scope;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.report.Progress;
import dmdx.runner.report.RunFolder;
import dmdx.runner.report.Table;
import dmdx.runner.train.StopRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores teacher and students with metrics. Each model's samples are drawn once, for all metrics;
 * the reference is the teacher, its samples from other noise. What {@link Evaluation} knows already
 * is not drawn again.
 */
final class EvaluateStage implements Stage {
  static final String NAME = "evaluate";
  private static final Logger LOG = LoggerFactory.getLogger(EvaluateStage.class);
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private final RunContext run;
  private final EvaluateSettings settings;

  EvaluateStage(RunContext run) {
    this.run = run;
    settings = Objects.requireNonNull(run.settings().evaluate());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public StageOutline outline() {
    List<String> names = settings.metrics().stream().map(m -> m.plugin()).toList();
    videos();
    try (MetricSet metrics =
        MetricSet.open(
            run, settings.metrics())) { // finds what is wrong with their settings and files
      return run.outline(NAME)
          .frozen("teacher", run.teacher().denoiser())
          .note(
              "%s x %s of every model, scored by %s"
                  .formatted(
                      Names.count(run.prompts().prompts().size(), "prompt"),
                      Names.count(settings.samplesPerPrompt(), "sample"),
                      names.isEmpty() ? "VBench" : String.join(", ", names)));
    }
  }

  /** Where videos go; {@code null} if they are not asked for. */
  private @Nullable VbenchVideos videos() {
    return settings.vbench() ? VbenchVideos.of(run, settings.samplesPerPrompt()) : null;
  }

  @Override
  public void rehearse() {
    run.rehearseSampling(settings.batch(), settings.guidance());
  }

  @Override
  public void run() {
    try (Scope scope = new Scope();
        NDManager manager = run.manager().newSubManager();
        MetricSet metrics = MetricSet.open(run, settings.metrics())) {
      List<Candidates.Candidate> candidates =
          Candidates.of(run, settings.steps(), settings.guidance(), manager);
      List<String> requests =
          PromptSet.repeated(run.prompts().prompts(), settings.samplesPerPrompt());
      Evaluation evaluation =
          Evaluation.in(run.folder(NAME), Candidates.originWithoutStudents(run, NAME));
      List<Candidates.Candidate> left =
          candidates.stream().filter(c -> evaluation.row(c).isEmpty()).toList();
      if (!left.isEmpty()) {
        Map<String, Metric.Tally> reference = metrics.begin();
        SavedReference saved = evaluation.reference();
        boolean known = saved.restore(reference, requests, manager);
        long models = left.size() + (known ? 0L : 1L);
        try (Progress progress = Progress.start(NAME, models * requests.size())) {
          SampleDraw samples =
              new SampleDraw(
                  run,
                  requests,
                  settings.batch(),
                  drawn -> {
                    progress.stepTo(drawn, Map.of());
                    StopRequest.check(
                        "stopped; models scored so far are kept. Run again to go on.");
                  });
          if (!known) {
            samples.draw(candidates.get(0).generator(), "reference", reference, SampleDraw.NOTHING);
            saved.save(reference, manager);
          }
          for (Candidates.Candidate candidate : left) {
            Map<String, Metric.Tally> tallies = metrics.begin();
            VbenchVideos videos = videos();
            samples.draw(
                candidate.generator(),
                NAME,
                tallies,
                videos == null
                    ? SampleDraw.NOTHING
                    : (decoded, batch, from) ->
                        videos.write(candidate.label(), decoded, batch, from));
            evaluation.add(candidate, MetricSet.scores(tallies, reference));
          }
        }
      }
      write(candidates.stream().map(c -> evaluation.row(c).orElseThrow()).toList());
    }
  }

  private void write(List<Evaluation.Row> rows) {
    ArrayNode json = JSON.createArrayNode();
    Table table = new Table(headings(rows.get(0)));
    for (Evaluation.Row row : rows) {
      ObjectNode object = json.addObject();
      object.put("model", row.model()).put("evaluations", row.evaluations());
      List<String> cells = new ArrayList<>(List.of(row.model(), "" + row.evaluations()));
      row.scores()
          .forEach(
              (metric, scores) -> {
                ObjectNode values = object.putObject(metric);
                for (Metric.Score score : scores) {
                  values.put(score.name(), score.value());
                  cells.add(shown(score));
                }
                intervals(values, scores);
              });
      table.row(cells);
    }
    try {
      Folders.replace(
          run.settings().folder().resolve(RunFolder.EVALUATION), JSON.writeValueAsBytes(json));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    LOG.info("evaluation{}{}", System.lineSeparator(), table);
  }

  /** The scores' names; with several metrics, each under its metric's. */
  private static List<String> headings(Evaluation.Row row) {
    List<String> headings = new ArrayList<>(List.of("model", "evaluations"));
    row.scores()
        .forEach(
            (metric, scores) ->
                scores.forEach(
                    score ->
                        headings.add(
                            row.scores().size() == 1
                                ? score.name()
                                : metric + ": " + score.name())));
    return headings;
  }

  private static void intervals(ObjectNode values, List<Metric.Score> scores) {
    ObjectNode intervals = JSON.createObjectNode();
    for (Metric.Score score : scores) {
      if (score.hasInterval()) {
        intervals.putArray(score.name()).add(score.low()).add(score.high());
      }
    }
    if (!intervals.isEmpty()) {
      values.set("intervals", intervals);
    }
  }

  /** {@code 0.489 [0.470, 0.510]}, or without the interval where there is none. */
  static String shown(Metric.Score score) {
    String unit = score.format() == Metric.Format.SHARE ? " %" : "";
    String value = number(score.value(), score.format()) + unit;
    return score.hasInterval()
        ? "%s [%s, %s]"
            .formatted(
                value, number(score.low(), score.format()), number(score.high(), score.format()))
        : value;
  }

  private static String number(double value, Metric.Format format) {
    return switch (format) {
      case SHARE -> String.format(Locale.ROOT, "%.1f", 100 * value);
      case NUMBER -> String.format(Locale.ROOT, "%.3f", value);
      case COUNT -> String.format(Locale.ROOT, "%.0f", value);
    };
  }
}
