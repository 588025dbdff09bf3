package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import dmdx.nn.classify.Attribute;
import dmdx.nn.classify.AttributeClassifier;
import dmdx.nn.text.ClipVocabulary;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/**
 * A run so small that all its stages take seconds: a teacher of 8 to 16 channels, 16-pixel
 * pictures.
 */
public final class TinyRun {
  static final List<String> PROMPTS = List.of("a red square", "a blue square", "a green square");
  private static final int[] RGB = {0xd02020, 0x2030d0, 0x20c040};

  private final Path folder;

  private TinyRun(Path folder) {
    this.folder = folder;
  }

  /** Lays out teacher, SAM encoder, classifier, pictures and configuration under {@code folder}. */
  public static TinyRun create(Path folder) throws IOException {
    Path resources = Path.of("src/test/resources/tiny").toAbsolutePath();
    try (Stream<Path> files = Files.walk(resources)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = folder.resolve(resources.relativize(file).toString());
        Files.createDirectories(target.getParent());
        Files.copy(file, target);
      }
    }
    for (String tokenizer : List.of("tokenizer", "tokenizer_2")) {
      Path target = Files.createDirectories(folder.resolve("teacher").resolve(tokenizer));
      ClipVocabulary.train(PROMPTS, 6, target);
    }
    writeClassifier(folder.resolve("classifier"));
    writePictures(folder.resolve("pictures"));
    Files.writeString(folder.resolve("run.conf"), CONFIG);
    return new TinyRun(folder);
  }

  /** A folder that {@link #create} has laid out. */
  static TinyRun in(Path folder) {
    return new TinyRun(folder);
  }

  private static final String CONFIG =
      """
      name = tiny
      seed = 4
      stages = [pretrain, collect, adp, adm, sample, evaluate]
      teacher { plugin = sdxl, path = teacher, size = [16, 16] }
      prompts.list = ["a red square", "a blue square", "a green square"]
      student.ema = 0.5
      grid-prompts = 2
      latent-discriminator.conv { channels = 8, groups = 4, blocks = 1 }
      pixel-discriminator {
        plugin = sam
        path = sam
        sam.layers = [1, 2]
        conv { channels = 8, groups = 4, blocks = 1 }
      }
      training-defaults { log-every = 2, checkpoint-every = 2, sample-every = 4 }
      pretrain { data = pictures, output = trained, iterations = 4, batch = 4, optimizer.learning-rate = 1e-3 }
      collect { pairs = 6, steps = 2, batch = 4, shard = 4, guidance = [2, 3] }
      adp { iterations = 4, batch = 2, velocity-warmup = 2, student.learning-rate = 1e-3, discriminator.learning-rate = 1e-3 }
      adm { iterations = 4, batch = 2, student.learning-rate = 1e-3, fake.learning-rate = 1e-3, discriminator.learning-rate = 1e-3, guidance = [2, 3], probe-every = 1 }
      sample { prompts = 2, steps = 2, guidance = 2 }
      evaluate { attributes.classifier = classifier, samples-per-prompt = 8, steps = 2, guidance = 2 }
      """;

  private static void writeClassifier(Path target) throws IOException {
    Files.createDirectories(target);
    Files.writeString(
        target.resolve("config.json"),
        """
        {"_class_name": "AttributeClassifier", "channels": [8, 8],
         "attributes": {"colour": ["red", "blue", "green"]}}
        """);
    AttributeClassifier classifier =
        new AttributeClassifier(
            List.of(8, 8), List.of(new Attribute("colour", List.of("red", "blue", "green"))));
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(classifier, 1, manager)) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      weights.names().forEach(name -> tensors.put(name, weights.get(name)));
      SafetensorsWriter.write(target.resolve("model.safetensors"), tensors, Map.of(), DType.F16);
    }
  }

  private static void writePictures(Path target) throws IOException {
    Files.createDirectories(target);
    StringBuilder metadata = new StringBuilder();
    for (int i = 0; i < 6; i++) {
      BufferedImage image = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
      for (int y = 4; y < 12; y++) {
        for (int x = 4; x < 12; x++) {
          image.setRGB(x, y, RGB[i % 3]);
        }
      }
      ImageIO.write(image, "png", target.resolve(i + ".png").toFile());
      metadata.append(
          "{\"file_name\": \"%d.png\", \"text\": \"%s\"}\n".formatted(i, PROMPTS.get(i % 3)));
    }
    Files.writeString(target.resolve("metadata.jsonl"), metadata);
  }

  /** The settings after pre-training: the teacher is the trained one. */
  List<String> distilling(String... more) {
    List<String> overrides =
        new java.util.ArrayList<>(
            List.of("stages=[collect,adp,adm,sample,evaluate]", "teacher.path=trained"));
    overrides.addAll(List.of(more));
    return overrides;
  }

  /** The memory the stages of a configuration are predicted to need. */
  List<StageMemory> memory(List<String> overrides) {
    try (Pipeline pipeline = pipeline(overrides)) {
      return pipeline.memory();
    }
  }

  static StageMemory stage(String name, List<StageMemory> stages) {
    return stages.stream().filter(s -> s.stage().equals(name)).findFirst().orElseThrow();
  }

  static Config load(Path file, List<String> overrides) {
    return ConfigLoader.load(file, overrides, PluginRegistry.discover(List.of())::teacher);
  }

  Config config(List<String> overrides) {
    return load(folder.resolve("run.conf"), overrides);
  }

  Pipeline pipeline(List<String> overrides) {
    return pipeline(overrides, PluginRegistry.discover(List.of()));
  }

  Pipeline pipeline(List<String> overrides, PluginRegistry plugins) {
    return new Pipeline(config(overrides), folder, plugins, new SimpleMeterRegistry());
  }

  Pipeline pipeline(List<String> overrides, MeterRegistry meters) {
    return new Pipeline(config(overrides), folder, PluginRegistry.discover(List.of()), meters);
  }

  /** Runs the stages that the overrides leave. */
  void run(List<String> overrides) {
    try (Pipeline pipeline = pipeline(overrides)) {
      pipeline.run();
    }
  }

  public void pretrain() {
    run(List.of("stages=[pretrain]", "name=pretraining"));
  }

  Path runFolder(String name) {
    return folder.resolve("runs").resolve(name);
  }
}
