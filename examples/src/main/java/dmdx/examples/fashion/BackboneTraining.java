package dmdx.examples.fashion;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.ConfigFactory;
import dmdx.api.BackboneProvider;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.api.settings.Settings;
import dmdx.nn.classify.Attribute;
import dmdx.nn.data.ImageFolder;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/**
 * Trains the SAM image encoder in front of the pixel discriminator to tell garment and colour from
 * the mean over positions of its last layer. The linear probe is thrown away afterwards.
 *
 * <p>The encoder comes from the plugin, which has to be on the module path.
 */
@Command(name = "sam", description = "Trains a small SAM image encoder.")
final class BackboneTraining implements Callable<Integer> {
  private static final String STEM = "model.fp16";
  private static final int HIDDEN = 96;
  private static final int LAYERS = 4;

  @Mixin private TrainingOptions options = new TrainingOptions();

  @Override
  public Integer call() throws IOException {
    writeStart();
    try (NDManager manager = NDManager.newBaseManager();
        DiscriminatorBackbone backbone = open()) {
      train(backbone, manager);
    }
    return 0;
  }

  /** A provider opens only complete folders, so untrained weights are written first. */
  private void writeStart() throws IOException {
    ModelConfig config = ModelConfig.of(config(), options.out().resolve("config.json"));
    ReferenceNetwork network =
        service(ReferenceNetworkProvider.class, p -> p.accepts(config)).build(config);
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights start = TrainableWeights.initialised(network, options.seed(), manager)) {
      NetworkFiles.write(options.out(), STEM, config(), network, start);
    }
  }

  private DiscriminatorBackbone open() {
    Map<String, Object> settings = Map.of("layers", List.of(LAYERS), "variant", "fp16");
    return service(BackboneProvider.class, p -> p.name().equals("sam"))
        .open(options.out(), Settings.of(ConfigFactory.parseMap(settings), Path.of("")));
  }

  private static <T> T service(Class<T> type, Predicate<T> wanted) {
    for (T provider : ServiceLoader.load(type)) {
      if (wanted.test(provider)) {
        return provider;
      }
    }
    throw new IllegalStateException(
        "the SAM plugin was not found; put dmdx-discriminator-sam on the module path");
  }

  private void train(DiscriminatorBackbone backbone, NDManager manager) throws IOException {
    List<Attribute> attributes = Wardrobe.attributes();
    Probe probe = new Probe(backbone, attributes);
    ImageFolder train = options.train();
    ImageFolder heldOut = options.heldOut();
    Labels labels = new Labels(train, attributes);
    Labels truth = new Labels(heldOut, attributes);
    try (TrainableWeights weights = TrainableWeights.initialised(probe, options.seed(), manager)) {
      Training.run(
          options,
          weights,
          train,
          step -> {
            NDManager owner = step.pass().scope();
            NDArray pixels = Augmentation.apply(train.batch(step.rows(), owner), step.noise());
            return labels.crossEntropy(probe.scores(step.pass(), pixels), step.rows(), owner);
          });
      Map<String, Integer> hits = new LinkedHashMap<>();
      Training.measure(
          weights,
          heldOut,
          options.seed(),
          step -> {
            NDArray pixels = heldOut.batch(step.rows(), step.pass().scope());
            truth.count(probe.scores(step.pass(), pixels), step.rows(), hits);
          });
      hits.forEach(
          (attribute, right) ->
              System.out.printf(
                  "held-out %s: %.1f %% right%n", attribute, 100.0 * right / heldOut.size()));
      NetworkFiles.write(options.out(), STEM, config(), backbone.network(), weights);
    }
  }

  /** The backbone with a linear layer per attribute behind it. */
  private static final class Probe implements Network {
    private final DiscriminatorBackbone backbone;
    private final Map<String, Linear> heads = new LinkedHashMap<>();

    Probe(DiscriminatorBackbone backbone, List<Attribute> attributes) {
      this.backbone = backbone;
      for (Attribute a : attributes) {
        heads.put(a.name(), Linear.of("probe." + a.name(), HIDDEN, a.labels().size()));
      }
    }

    @Override
    public List<ParameterSpec> parameters() {
      List<ParameterSpec> all = new ArrayList<>(backbone.network().parameters());
      all.addAll(new Parameters().add(List.copyOf(heads.values())).list());
      return all;
    }

    Map<String, NDArray> scores(Pass pass, NDArray pixels) {
      NDArray map = backbone.features(pass, pixels, null, null).get(0);
      NDArray pooled = map.reshape(map.size(0), map.size(1), -1).mean(new int[] {2});
      Map<String, NDArray> scores = new LinkedHashMap<>();
      heads.forEach((name, head) -> scores.put(name, head.forward(pass, pooled)));
      return scores;
    }
  }

  private static ObjectNode config() {
    ObjectNode config = new ObjectMapper().createObjectNode();
    config.putArray("architectures").add("SamModel");
    config.put("model_type", "sam");
    ObjectNode vision = config.putObject("vision_config");
    vision.putArray("global_attn_indexes").add(1).add(3);
    vision.put("hidden_size", HIDDEN);
    vision.put("image_size", Wardrobe.SIZE);
    vision.put("mlp_dim", 4 * HIDDEN);
    vision.put("num_attention_heads", 4);
    vision.put("num_hidden_layers", LAYERS);
    vision.put("output_channels", 32);
    vision.put("patch_size", 4);
    vision.put("window_size", 4);
    return config;
  }
}
