package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.nn.classify.AttributeClassifier;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
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
 * Scores teacher and students: how often a classifier sees what the prompt asked for, the Frechet
 * distance of its features to teacher samples from other noise, and the mean feature distance
 * between pictures of one prompt.
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
    return StageOutline.of(NAME)
        .frozen("teacher", run.teacher().denoiser())
        .frozen("classifier", classifier())
        .note(
            "%d prompts x %d pictures of every model"
                .formatted(run.prompts().prompts().size(), settings.samplesPerPrompt()));
  }

  private AttributeClassifier classifier() {
    return AttributeClassifier.from(ModelConfig.read(settings.classifier().resolve("config.json")));
  }

  /**
   * The scores of one model.
   *
   * @param accuracy share of pictures with the asked-for label, by attribute, in [0, 1]
   * @param frechet Frechet distance to teacher samples from other noise
   * @param diversity mean feature distance between two pictures of one prompt
   */
  record Scores(
      String label,
      int evaluations,
      Map<String, Double> accuracy,
      double frechet,
      double diversity) {}

  @Override
  public void run() {
    try (Scope scope = new Scope();
        NDManager manager = run.manager().newSubManager()) {
      AttributeClassifier classifier = classifier();
      CheckpointWeights weights =
          CheckpointWeights.open(
              settings.classifier(), "model", null, classifier, name -> false, manager);
      List<Candidates.Candidate> candidates =
          Candidates.of(run, settings.steps(), settings.guidance(), manager);
      Judge judge = new Judge(classifier, weights);
      long total = (candidates.size() + 1L) * requests().size();
      try (Progress progress = Progress.start(NAME, total)) {
        float[][] reference = judge.look(candidates.get(0), "reference", progress).features();
        List<Scores> scores = new ArrayList<>();
        for (Candidates.Candidate candidate : candidates) {
          Seen seen = judge.look(candidate, NAME, progress);
          scores.add(
              new Scores(
                  candidate.label(),
                  candidate.evaluations(),
                  seen.accuracy(),
                  FrechetDistance.between(seen.features(), reference),
                  diversity(seen.features(), settings.samplesPerPrompt())));
        }
        write(scores);
      }
    }
  }

  /** Every prompt, as often as pictures of it are made. */
  private List<String> requests() {
    List<String> all = new ArrayList<>();
    for (String prompt : run.prompts().prompts()) {
      for (int i = 0; i < settings.samplesPerPrompt(); i++) {
        all.add(prompt);
      }
    }
    return all;
  }

  /** What the classifier saw: features, and how often each attribute was as asked. */
  private record Seen(float[][] features, Map<String, Double> accuracy) {}

  /** The classifier at work. */
  private final class Judge {
    private final AttributeClassifier classifier;
    private final CheckpointWeights weights;
    private long judged;

    Judge(AttributeClassifier classifier, CheckpointWeights weights) {
      this.classifier = classifier;
      this.weights = weights;
    }

    Seen look(Candidates.Candidate candidate, String stream, Progress progress) {
      List<String> prompts = requests();
      float[][] features = new float[prompts.size()][];
      Map<String, int[]> right = new LinkedHashMap<>();
      for (int from = 0; from < prompts.size(); from += settings.batch()) {
        int to = Math.min(prompts.size(), from + settings.batch());
        try (Scope scope = new Scope();
            NDManager manager = run.manager().newSubManager();
            Autograd.Mode paused = Autograd.paused()) {
          List<String> batch = prompts.subList(from, to);
          NDList noise = new NDList();
          for (int i = from; i < to; i++) {
            noise.add(run.noise(stream, i).gaussian(manager, run.latentShape(1)));
          }
          NDArray latents =
              candidate.generator().generate(NDArrays.concat(noise, 0), batch, manager);
          NDArray pixels = still(run.decode(latents, manager)).clip(-1, 1);
          AttributeClassifier.Output output =
              classifier.forward(ForwardPass.of(weights, manager), pixels);
          float[] flat = output.features().toFloatArray();
          int width = flat.length / batch.size();
          for (int i = 0; i < batch.size(); i++) {
            features[from + i] = java.util.Arrays.copyOfRange(flat, i * width, (i + 1) * width);
          }
          count(output, batch, right);
        }
        judged += to - from;
        progress.stepTo(judged, Map.of());
      }
      Map<String, Double> accuracy = new LinkedHashMap<>();
      right.forEach((name, hits) -> accuracy.put(name, hits[0] / (double) hits[1]));
      return new Seen(features, accuracy);
    }

    /** Pictures as they are; the middle frame of each clip. */
    private static NDArray still(NDArray pixels) {
      if (pixels.getShape().dimension() == 4) {
        return pixels;
      }
      long middle = pixels.getShape().get(2) / 2;
      return Ops.slice(pixels, 2, middle, middle + 1).squeeze(2);
    }

    private void count(
        AttributeClassifier.Output output, List<String> prompts, Map<String, int[]> right) {
      output
          .scores()
          .forEach(
              (attribute, scores) -> {
                long[] guesses = scores.argMax(1).toLongArray();
                int[] hits = right.computeIfAbsent(attribute, k -> new int[2]);
                for (int i = 0; i < guesses.length; i++) {
                  int expected = classifier.expected(prompts.get(i)).getOrDefault(attribute, -1);
                  if (expected >= 0) {
                    hits[1]++;
                    hits[0] += expected == guesses[i] ? 1 : 0;
                  }
                }
              });
    }
  }

  /** Mean Euclidean distance between the features of two pictures of one prompt. */
  static double diversity(float[][] features, int perPrompt) {
    double sum = 0;
    long pairs = 0;
    for (int first = 0; first + perPrompt <= features.length; first += perPrompt) {
      for (int i = first; i < first + perPrompt; i++) {
        for (int j = first; j < i; j++) {
          double squared = 0;
          for (int k = 0; k < features[i].length; k++) {
            double d = features[i][k] - features[j][k];
            squared += d * d;
          }
          sum += Math.sqrt(squared);
          pairs++;
        }
      }
    }
    return sum / pairs;
  }

  private void write(List<Scores> scores) {
    ArrayNode rows = JSON.createArrayNode();
    List<String> headings = new ArrayList<>(List.of("model", "evaluations"));
    headings.addAll(scores.get(0).accuracy().keySet());
    headings.addAll(List.of("frechet", "diversity"));
    Table table = new Table(headings);
    for (Scores s : scores) {
      ObjectNode row = rows.addObject();
      row.put("model", s.label()).put("evaluations", s.evaluations());
      ObjectNode accuracy = row.putObject("accuracy");
      List<String> cells = new ArrayList<>(List.of(s.label(), Integer.toString(s.evaluations())));
      s.accuracy()
          .forEach(
              (name, value) -> {
                accuracy.put(name, value);
                cells.add(String.format(Locale.ROOT, "%.1f %%", 100 * value));
              });
      row.put("frechet", s.frechet()).put("diversity", s.diversity());
      cells.add(String.format(Locale.ROOT, "%.2f", s.frechet()));
      cells.add(String.format(Locale.ROOT, "%.3f", s.diversity()));
      table.row(cells);
    }
    try {
      Folders.replace(
          run.settings().folder().resolve("evaluation.json"), JSON.writeValueAsBytes(rows));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    LOG.info("evaluation{}{}", System.lineSeparator(), table);
  }
}
