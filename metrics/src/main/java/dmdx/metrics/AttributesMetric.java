package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Metric;
import dmdx.nn.classify.AttributeClassifier;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a classifier makes of pictures: how often each attribute is as the prompt asked, the Frechet
 * distance of the features to the reference's, and the mean distance between the features of two
 * pictures of one prompt. Of a video it sees the middle frame, {@code T / 2} counted from 0.
 */
final class AttributesMetric implements Metric {
  private final AttributeClassifier classifier;
  private final NDManager manager;
  private final CheckpointWeights weights;

  private AttributesMetric(
      AttributeClassifier classifier, NDManager manager, CheckpointWeights weights) {
    this.classifier = classifier;
    this.manager = manager;
    this.weights = weights;
  }

  /**
   * @param folder of the classifier; its weights are read when the first picture is seen
   */
  static AttributesMetric open(Path folder) {
    AttributeClassifier classifier =
        AttributeClassifier.from(ModelConfig.read(folder.resolve("config.json")));
    NDManager manager = NDManager.newBaseManager();
    try {
      return new AttributesMetric(
          classifier,
          manager,
          CheckpointWeights.open(folder, "model", null, classifier, name -> false, manager));
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  @Override
  public Tally begin() {
    return new Seen();
  }

  @Override
  public void close() {
    weights.close();
    manager.close();
  }

  /** Pictures as they are; the middle frame of each video. */
  private static NDArray still(NDArray decoded) {
    Shape shape = decoded.getShape();
    int rank = shape.dimension();
    if ((rank != 4 && rank != 5) || shape.get(1) != 3) {
      throw new IllegalArgumentException(
          "metric 'attributes': the codec decoded samples of shape %s, expected pictures [B, 3, H, W] or videos [B, 3, T, H, W]. Take the metric out of 'evaluate.metrics'."
              .formatted(shape));
    }
    if (rank == 4) {
      return decoded;
    }
    long middle = shape.get(2) / 2;
    return Ops.slice(decoded, 2, middle, middle + 1).squeeze(2);
  }

  /** Features of all pictures, and how often each attribute was as asked. */
  private final class Seen implements Tally {
    private final List<String> prompts = new ArrayList<>();
    private final List<float[]> features = new ArrayList<>();
    private final Map<String, Hits> hits = new LinkedHashMap<>();

    @Override
    public void add(NDArray decoded, List<String> asked) {
      AttributeClassifier.Output output =
          classifier.forward(ForwardPass.of(weights, manager), still(decoded).clip(-1, 1));
      float[] flat = output.features().toFloatArray();
      int width = flat.length / asked.size();
      for (int i = 0; i < asked.size(); i++) {
        features.add(Arrays.copyOfRange(flat, i * width, (i + 1) * width));
      }
      prompts.addAll(asked);
      output
          .scores()
          .forEach((attribute, scores) -> count(attribute, scores.argMax(1).toLongArray(), asked));
    }

    private void count(String attribute, long[] guesses, List<String> asked) {
      for (int i = 0; i < guesses.length; i++) {
        int expected = classifier.expected(asked.get(i)).getOrDefault(attribute, -1);
        if (expected >= 0) {
          hits.computeIfAbsent(attribute, name -> new Hits()).add(expected == guesses[i]);
        }
      }
    }

    /** Without the attributes that no prompt names; without diversity if no prompt has two. */
    @Override
    public List<Score> scores(Tally reference) {
      List<Score> scores = new ArrayList<>();
      hits.forEach((name, h) -> scores.add(new Score(name, h.share(), Format.SHARE)));
      double frechet = FrechetDistance.between(features, ((Seen) reference).features);
      scores.add(new Score("frechet", frechet, Format.NUMBER));
      Diversity.of(prompts, features)
          .ifPresent(value -> scores.add(new Score("diversity", value, Format.NUMBER)));
      return scores;
    }
  }

  /** How many of how many. */
  private static final class Hits {
    private long right;
    private long all;

    void add(boolean hit) {
      right += hit ? 1 : 0;
      all++;
    }

    double share() {
      return right / (double) all;
    }
  }
}
