package dmdx.examples.fashion;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.ConfigFactory;
import dmdx.api.BackboneProvider;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.api.settings.Settings;
import dmdx.nn.classify.Attribute;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Trains the image encoder in front of the pixel discriminator to tell garment and colour from the
 * mean over positions of its last layer. The linear probe is thrown away afterwards.
 *
 * <p>The encoder comes from its plugin, which has to be on the module path.
 */
@Command(name = "backbone", description = "Trains a small image encoder.")
final class BackboneTraining implements Callable<Integer> {
  private static final String STEM = "model.fp16";

  @Mixin private TrainingOptions options = new TrainingOptions();

  @Option(
      names = "--encoder",
      required = true,
      description = "What to train: ${COMPLETION-CANDIDATES}.")
  private Encoder encoder = Encoder.SAM;

  @Override
  public Integer call() throws IOException {
    writeStart();
    try (NDManager manager = NDManager.newBaseManager(Device.cpu());
        DiscriminatorBackbone backbone = open()) {
      train(backbone, manager);
    }
    return 0;
  }

  /** A provider opens only complete folders, so untrained weights are written first. */
  private void writeStart() throws IOException {
    ModelConfig config = ModelConfig.of(encoder.config(), options.out().resolve("config.json"));
    ReferenceNetwork network =
        service(ReferenceNetworkProvider.class, p -> p.accepts(config)).build(config);
    try (NDManager manager = NDManager.newBaseManager(Device.cpu());
        TrainableWeights start = TrainableWeights.initialised(network, options.seed(), manager)) {
      NetworkFiles.write(options.out(), STEM, encoder.config(), network, start);
    }
  }

  private DiscriminatorBackbone open() {
    Map<String, Object> settings = new HashMap<>(encoder.settings());
    settings.put("layers", List.of(Encoder.LAYERS));
    settings.put("variant", "fp16");
    return service(BackboneProvider.class, p -> p.name().equals(encoder.plugin()))
        .open(options.out(), Settings.of(ConfigFactory.parseMap(settings), Path.of("")));
  }

  private <T> T service(Class<T> type, Predicate<T> wanted) {
    for (T provider : ServiceLoader.load(type)) {
      if (wanted.test(provider)) {
        return provider;
      }
    }
    throw new IllegalStateException(
        "the plugin '%s' was not found; put dmdx-discriminator-%s on the module path"
            .formatted(encoder.plugin(), encoder.plugin()));
  }

  private void train(DiscriminatorBackbone backbone, NDManager manager) throws IOException {
    Probe probe = new Probe(backbone, Wardrobe.attributes());
    try (TrainableWeights weights = TrainableWeights.initialised(probe, options.seed(), manager)) {
      Classification.train(options, weights, probe::scores);
      NetworkFiles.write(options.out(), STEM, encoder.config(), backbone.network(), weights);
    }
  }

  /** The backbone with a linear layer per attribute behind it. */
  private static final class Probe implements Network {
    private final DiscriminatorBackbone backbone;
    private final Map<String, Linear> heads = new LinkedHashMap<>();

    Probe(DiscriminatorBackbone backbone, List<Attribute> attributes) {
      this.backbone = backbone;
      for (Attribute a : attributes) {
        heads.put(a.name(), Linear.of("probe." + a.name(), Encoder.HIDDEN, a.labels().size()));
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
}
