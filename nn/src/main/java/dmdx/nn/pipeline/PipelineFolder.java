package dmdx.nn.pipeline;

import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.api.TeacherProvider.OpenRequest;
import dmdx.api.network.Network;
import dmdx.api.network.Weights;
import dmdx.nn.pipeline.PipelineLayout.Part;
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
 * @param layout what it consists of
 * @param variant part of the weights files' names, for instance {@code fp16}
 * @param randomWeights whether components without a weights file get fresh weights
 * @param seed seed of those
 */
public record PipelineFolder(
    Path path, PipelineLayout layout, @Nullable String variant, boolean randomWeights, long seed) {
  static final String MODEL_INDEX = "model_index.json";
  static final String SCHEDULER = "scheduler_config.json";
  static final String TEACHER_SCHEDULER = "teacher_scheduler_config.json";

  private static final String SCHEDULERS = "scheduler";

  /**
   * @param layout what it consists of
   * @param variant part of the weights files' names, or null for the plain files
   * @throws CheckpointException if a sub-folder is missing, naming all that are
   */
  public static PipelineFolder of(
      OpenRequest request, PipelineLayout layout, @Nullable String variant) {
    Path path = request.folder();
    List<String> needed =
        Stream.concat(
                layout.parts().stream().filter(part -> !part.optional()).map(Part::name),
                Stream.of(SCHEDULERS))
            .toList();
    List<String> missing =
        needed.stream().filter(name -> !Files.isDirectory(path.resolve(name))).toList();
    if (!missing.isEmpty()) {
      throw new CheckpointException(
          ("%s: no folder %s. %s checkpoints in the diffusers layout have %s; convert single-file"
                  + " checkpoints first.")
              .formatted(
                  path, String.join(", ", missing), layout.model(), String.join(", ", needed)));
    }
    return new PipelineFolder(path, layout, variant, request.randomWeights(), request.seed());
  }

  /** Whether the sub-folder is there. */
  public boolean has(String name) {
    return Files.isDirectory(component(name));
  }

  /** The sub-folder of that name. */
  public Path component(String name) {
    return path.resolve(name);
  }

  /** The {@code config.json} of a component. */
  public ModelConfig config(String component) {
    return ModelConfig.read(component(component).resolve("config.json"));
  }

  /** The teacher's scheduler file; an exported folder keeps it beside the student's. */
  public Path schedulerFile() {
    Path kept = component(SCHEDULERS).resolve(TEACHER_SCHEDULER);
    return Files.exists(kept) ? kept : component(SCHEDULERS).resolve(SCHEDULER);
  }

  /** {@code model_index.json}; null if there is none. */
  public @Nullable ModelConfig modelIndex() {
    Path index = path.resolve(MODEL_INDEX);
    return Files.exists(index) ? ModelConfig.read(index) : null;
  }

  /**
   * The weights of a component: {@link CheckpointWeights}, or {@link TrainableWeights} if fresh.
   *
   * @param aliases the name a file may use instead, by the network's name
   * @param ignorable tensors that may be there although the network does not name them
   * @param manager parent of the memory the weights live in
   */
  public Weights weights(
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

  /** What the names of a component's weights files start with. */
  static String stem(String component) {
    return component.startsWith("text_encoder") ? "model" : "diffusion_pytorch_model";
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
