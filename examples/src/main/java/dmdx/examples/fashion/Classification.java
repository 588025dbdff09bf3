package dmdx.examples.fashion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.network.Pass;
import dmdx.nn.classify.Attribute;
import dmdx.nn.data.ImageFolder;
import dmdx.nn.weights.TrainableWeights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Teaches a network to tell garment and colour. */
final class Classification {
  private Classification() {}

  /** What is taught. */
  @FunctionalInterface
  interface Classifier {
    /**
     * @param pixels {@code [B, 3, H, W]} in [-1, 1]
     * @return logits {@code [B, labels]} by attribute name
     */
    Map<String, NDArray> scores(Pass pass, NDArray pixels);
  }

  /** Trains, and prints how often the network is right on held-out pictures. */
  static void train(TrainingOptions options, TrainableWeights weights, Classifier classifier) {
    List<Attribute> attributes = Wardrobe.attributes();
    ImageFolder train = options.train();
    ImageFolder heldOut = options.heldOut();
    Labels labels = new Labels(train, attributes);
    Labels truth = new Labels(heldOut, attributes);
    Training.run(
        options,
        weights,
        train,
        step -> {
          NDManager owner = step.pass().scope();
          NDArray pixels = Augmentation.apply(train.batch(step.rows(), owner), step.noise());
          return labels.crossEntropy(classifier.scores(step.pass(), pixels), step.rows(), owner);
        });
    Map<String, Integer> hits = new LinkedHashMap<>();
    Training.measure(
        weights,
        heldOut,
        options.seed(),
        step -> {
          NDArray pixels = heldOut.batch(step.rows(), step.pass().scope());
          truth.count(classifier.scores(step.pass(), pixels), step.rows(), hits);
        });
    hits.forEach(
        (attribute, right) ->
            System.out.printf(
                "held-out %s: %.1f %% right%n", attribute, 100.0 * right / heldOut.size()));
  }
}
