package dmdx.teacher.sdxl;

import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.api.TeacherProvider.OpenRequest;
import dmdx.api.network.Network;
import dmdx.api.network.Weights;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoint folder a teacher was opened from.
 *
 * @param path the folder
 * @param variant part of the weights files' names, for instance {@code fp16}
 * @param randomWeights whether components without a weights file get fresh weights
 * @param seed seed of those
 */
record PipelineFolder(Path path, @Nullable String variant, boolean randomWeights, long seed) {
  static final String MODEL_INDEX = "model_index.json";
  static final String SCHEDULER = "scheduler_config.json";
  static final String TEACHER_SCHEDULER = "teacher_scheduler_config.json";

  /** The networks, in the order of {@code model_index.json}, with the stem of their files. */
  static final Map<String, String> STEMS =
      new java.util.TreeMap<>(
          Map.of(
              "text_encoder", "model",
              "text_encoder_2", "model",
              "unet", "diffusion_pytorch_model",
              "vae", "diffusion_pytorch_model"));

  private static final List<String> OTHERS = List.of("scheduler", "tokenizer", "tokenizer_2");

  /**
   * @throws CheckpointException if a sub-folder is missing, naming all that are
   */
  static PipelineFolder of(OpenRequest request, @Nullable String variant) {
    Path path = request.folder();
    List<String> missing =
        Stream.concat(STEMS.keySet().stream(), OTHERS.stream())
            .filter(name -> !Files.isDirectory(path.resolve(name)))
            .toList();
    if (!missing.isEmpty()) {
      throw new CheckpointException(
          ("%s: no folder %s. An SDXL checkpoint in the diffusers layout has text_encoder,"
                  + " text_encoder_2, tokenizer, tokenizer_2, scheduler, unet and vae; convert"
                  + " single-file checkpoints first.")
              .formatted(path, String.join(", ", missing)));
    }
    return new PipelineFolder(path, variant, request.randomWeights(), request.seed());
  }

  Path component(String name) {
    return path.resolve(name);
  }

  ModelConfig config(String component) {
    return ModelConfig.read(component(component).resolve("config.json"));
  }

  /** The teacher's scheduler file; an exported folder keeps it beside the student's. */
  Path schedulerFile() {
    Path kept = component("scheduler").resolve(TEACHER_SCHEDULER);
    return Files.exists(kept) ? kept : component("scheduler").resolve(SCHEDULER);
  }

  /** Whether the pipeline conditions the unconditional half on zeros. */
  boolean forceZeros() {
    Path index = path.resolve(MODEL_INDEX);
    return !Files.exists(index)
        || ModelConfig.read(index).flag("force_zeros_for_empty_prompt", true);
  }

  /**
   * The weights of a component: {@link CheckpointWeights}, or {@link TrainableWeights} if fresh.
   */
  Weights weights(
      String component,
      Network network,
      Map<String, String> aliases,
      Predicate<String> ignorable,
      NDManager manager) {
    if (randomWeights && !hasWeights(component)) {
      return TrainableWeights.initialised(network, 31 * seed + component.hashCode(), manager);
    }
    return CheckpointWeights.open(
        component(component), stem(component), variant, network, aliases, ignorable, manager);
  }

  static String stem(String component) {
    return java.util.Objects.requireNonNull(STEMS.get(component), component);
  }

  boolean hasWeights(String component) {
    return files(component(component)).stream().anyMatch(PipelineFolder::isWeights);
  }

  /** Whether a file of a component holds weights, in whatever format, or their index. */
  static boolean isWeights(Path file) {
    String name = file.getFileName().toString();
    return name.contains(".safetensors")
        || List.of(".bin", ".bin.index.json", ".ckpt", ".pt", ".msgpack", ".onnx").stream()
            .anyMatch(name::endsWith);
  }

  /** The plain files in a folder, in name order. */
  static List<Path> files(Path folder) {
    try (Stream<Path> children = Files.list(folder)) {
      return children.filter(Files::isRegularFile).sorted().toList();
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s). Check the folder.".formatted(folder, e.getMessage()), e);
    }
  }
}
