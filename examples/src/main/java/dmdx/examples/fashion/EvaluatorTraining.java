package dmdx.examples.fashion;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.nn.classify.Attribute;
import dmdx.nn.classify.AttributeClassifier;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Trains the classifier that judges generated pictures against their prompts. */
@Command(name = "evaluator", description = "Trains the classifier of garment and colour.")
final class EvaluatorTraining implements Callable<Integer> {
  @Mixin private TrainingOptions options = new TrainingOptions();

  @Option(
      names = "--channels",
      split = ",",
      defaultValue = "32,64,128",
      description = "Width per level. Default: ${DEFAULT-VALUE}.")
  private List<Integer> channels = List.of();

  @Override
  public Integer call() throws IOException {
    AttributeClassifier classifier = new AttributeClassifier(channels, Wardrobe.attributes());
    try (NDManager manager = NDManager.newBaseManager(Device.cpu());
        TrainableWeights weights =
            TrainableWeights.initialised(classifier, options.seed(), manager)) {
      Classification.train(
          options, weights, (pass, pixels) -> classifier.forward(pass, pixels).scores());
      NetworkFiles.write(options.out(), "model", config(), classifier, weights);
    }
    return 0;
  }

  private ObjectNode config() {
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.put("_class_name", "AttributeClassifier");
    channels.forEach(config.putArray("channels")::add);
    ObjectNode attributes = config.putObject("attributes");
    for (Attribute attribute : Wardrobe.attributes()) {
      attribute.labels().forEach(attributes.putArray(attribute.name())::add);
    }
    return config;
  }
}
