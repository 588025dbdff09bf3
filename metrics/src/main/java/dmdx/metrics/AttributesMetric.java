package dmdx.metrics;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Metric;
import dmdx.nn.classify.AttributeClassifier;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

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
    NDManager manager = NDManager.newBaseManager(Device.cpu());
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

  /** Features of all pictures, and whether each attribute was as asked. */
  private final class Seen implements Tally {
    private static final String FEATURES = "features";
    private static final String HITS = "hits.";
    private static final float UNASKED = -1;

    private final FeatureRows features = new FeatureRows();
    private final Map<String, List<Float>> hits = new LinkedHashMap<>();

    Seen() {
      classifier.attributes().forEach(a -> hits.put(a.name(), new ArrayList<>()));
    }

    @Override
    public void add(NDArray decoded, List<String> asked) {
      AttributeClassifier.Output output =
          classifier.forward(
              ForwardPass.of(weights, manager), Stills.of("attributes", decoded, manager));
      features.add(output.features(), asked);
      output
          .scores()
          .forEach((attribute, scores) -> judge(attribute, scores.argMax(1).toLongArray(), asked));
    }

    private void judge(String attribute, long[] guesses, List<String> asked) {
      List<Float> own = Objects.requireNonNull(hits.get(attribute));
      for (int i = 0; i < guesses.length; i++) {
        int expected = classifier.expected(asked.get(i)).getOrDefault(attribute, -1);
        own.add(expected < 0 ? UNASKED : expected == guesses[i] ? 1f : 0f);
      }
    }

    /** Without the attributes that no prompt names; without diversity if no prompt has two. */
    @Override
    public List<Score> scores(Tally reference) {
      List<Score> scores = new ArrayList<>();
      hits.forEach(
          (name, verdicts) -> {
            PromptMean share = new PromptMean();
            for (int i = 0; i < verdicts.size(); i++) {
              if (verdicts.get(i) != UNASKED) {
                share.add(features.prompt(i), verdicts.get(i));
              }
            }
            if (!share.isEmpty()) {
              scores.add(share.score(name, Format.SHARE));
            }
          });
      scores.add(FrechetDistance.score("frechet", features, ((Seen) reference).features));
      PromptMean diversity = Diversity.of(features);
      if (!diversity.isEmpty()) {
        scores.add(diversity.score("diversity", Format.NUMBER));
      }
      return scores;
    }

    @Override
    public Optional<Map<String, NDArray>> save(NDManager owner) {
      Map<String, NDArray> saved = new LinkedHashMap<>();
      saved.put(FEATURES, features.save(owner));
      hits.forEach(
          (name, verdicts) -> saved.put(HITS + name, owner.create(Saved.floats(verdicts))));
      return Optional.of(saved);
    }

    @Override
    public void restore(Map<String, NDArray> saved, List<String> prompts) {
      features.add(Saved.tensor(saved, FEATURES), prompts);
      hits.forEach(
          (name, verdicts) -> {
            for (float verdict : Saved.tensor(saved, HITS + name).toFloatArray()) {
              verdicts.add(verdict);
            }
          });
    }
  }
}
