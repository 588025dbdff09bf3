package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.Metric;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.report.Progress;
import dmdx.runner.report.Table;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Scores teacher and students with metrics. Each model's samples are drawn once, for all metrics;
 * the reference is the teacher, its samples from other noise.
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
    try (Metrics metrics = open()) { // finds what is wrong with their settings and files
      return StageOutline.of(NAME)
          .frozen("teacher", run.teacher().denoiser())
          .note(
              "%d prompts x %d samples of every model, scored by %s"
                  .formatted(
                      run.prompts().prompts().size(),
                      settings.samplesPerPrompt(),
                      String.join(", ", names)));
    }
  }

  /** The open metrics, by name. */
  private record Metrics(Map<String, Metric> byName) implements AutoCloseable {
    Map<String, Metric.Tally> begin() {
      Map<String, Metric.Tally> tallies = new LinkedHashMap<>();
      byName.forEach((name, metric) -> tallies.put(name, metric.begin()));
      return tallies;
    }

    @Override
    public void close() {
      byName.values().forEach(Metric::close);
    }
  }

  private Metrics open() {
    Metrics metrics = new Metrics(new LinkedHashMap<>());
    try {
      for (EvaluateSettings.MetricSettings m : settings.metrics()) {
        metrics
            .byName()
            .put(m.plugin(), run.plugins().metric(m.plugin()).open(run.teacher(), m.own()));
      }
      return metrics;
    } catch (RuntimeException e) {
      metrics.close();
      throw e;
    }
  }

  /** The scores of one model, by metric. */
  private record Row(String model, int evaluations, Map<String, List<Metric.Score>> scores) {}

  @Override
  public void rehearse() {
    run.rehearseSampling(settings.batch(), settings.guidance());
  }

  @Override
  public void run() {
    try (Scope scope = new Scope();
        NDManager manager = run.manager().newSubManager();
        Metrics metrics = open()) {
      List<Candidates.Candidate> candidates =
          Candidates.of(run, settings.steps(), settings.guidance(), manager);
      List<String> requests =
          PromptSet.repeated(run.prompts().prompts(), settings.samplesPerPrompt());
      try (Progress progress = Progress.start(NAME, (candidates.size() + 1L) * requests.size())) {
        Samples samples = new Samples(requests, progress);
        Map<String, Metric.Tally> reference = metrics.begin();
        samples.draw(candidates.get(0), "reference", reference);
        List<Row> rows = new ArrayList<>();
        for (Candidates.Candidate candidate : candidates) {
          Map<String, Metric.Tally> tallies = metrics.begin();
          samples.draw(candidate, NAME, tallies);
          rows.add(new Row(candidate.label(), candidate.evaluations(), scores(tallies, reference)));
        }
        write(rows);
      }
    }
  }

  private static Map<String, List<Metric.Score>> scores(
      Map<String, Metric.Tally> tallies, Map<String, Metric.Tally> reference) {
    Map<String, List<Metric.Score>> scores = new LinkedHashMap<>();
    tallies.forEach(
        (name, tally) ->
            scores.put(name, tally.scores(Objects.requireNonNull(reference.get(name)))));
    return scores;
  }

  /** Draws samples of models, a batch at a time. */
  private final class Samples {
    private final List<String> requests;
    private final Progress progress;
    private long drawn;

    Samples(List<String> requests, Progress progress) {
      this.requests = requests;
      this.progress = progress;
    }

    /** Shows every tally the same samples; sample i's noise is a function of (stream, i). */
    void draw(Candidates.Candidate candidate, String stream, Map<String, Metric.Tally> tallies) {
      for (int from = 0; from < requests.size(); from += settings.batch()) {
        int to = Math.min(requests.size(), from + settings.batch());
        List<String> batch = requests.subList(from, to);
        try (Scope scope = new Scope();
            NDManager manager = run.manager().newSubManager();
            Autograd.Mode paused = Autograd.paused()) {
          NDList noise = new NDList();
          for (int i = from; i < to; i++) {
            noise.add(run.noise(stream, i).gaussian(manager, run.latentShape(1)));
          }
          NDArray latents =
              candidate.generator().generate(NDArrays.concat(noise, 0), batch, manager);
          NDArray decoded = run.decode(latents, manager);
          for (Metric.Tally tally : tallies.values()) {
            try (Scope inner = new Scope()) {
              tally.add(decoded, batch);
            }
          }
        }
        drawn += to - from;
        progress.stepTo(drawn, Map.of());
      }
    }
  }

  private void write(List<Row> rows) {
    ArrayNode json = JSON.createArrayNode();
    Table table = new Table(headings(rows.get(0)));
    for (Row row : rows) {
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
              });
      table.row(cells);
    }
    try {
      Folders.replace(
          run.settings().folder().resolve("evaluation.json"), JSON.writeValueAsBytes(json));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    LOG.info("evaluation{}{}", System.lineSeparator(), table);
  }

  /** The scores' names; with several metrics, each under its metric's. */
  private static List<String> headings(Row row) {
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

  private static String shown(Metric.Score score) {
    return switch (score.format()) {
      case SHARE -> String.format(Locale.ROOT, "%.1f %%", 100 * score.value());
      case NUMBER -> String.format(Locale.ROOT, "%.3f", score.value());
      case COUNT -> String.format(Locale.ROOT, "%.0f", score.value());
    };
  }
}
