package dmdx.teacher.sdxl;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import dmdx.api.Component;
import dmdx.api.Precision;
import dmdx.api.StudentSampling;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a pipeline folder: aside first, renamed when it is complete.
 *
 * <p>Components with new weights, and those that never had a file, get one file; the files of the
 * others are copied, a variant's under its plain name.
 */
final class PipelineExport {
  private static final JsonMapper JSON = new JsonMapper();

  private final PipelineFolder source;
  private final Map<String, Component> components;
  private final boolean forceZeros;
  private final int timeScale;

  /**
   * @param source the folder the teacher was opened from
   * @param components its networks
   * @param forceZeros what {@code model_index.json} is to say of empty prompts
   * @param timeScale the network's timestep at pure noise of a straight path
   */
  PipelineExport(
      PipelineFolder source,
      Map<String, Component> components,
      boolean forceZeros,
      double timeScale) {
    this.source = source;
    this.components = components;
    this.forceZeros = forceZeros;
    this.timeScale = (int) timeScale;
  }

  void write(
      Path folder,
      Map<String, Weights> replaced,
      Precision precision,
      @Nullable StudentSampling student) {
    for (String name : replaced.keySet()) {
      if (!components.containsKey(name)) {
        throw new IllegalArgumentException(
            "no component named '%s'; there are %s".formatted(name, components.keySet()));
      }
    }
    Path target = folder.toAbsolutePath().normalize();
    Path parent = target.getParent();
    if (parent == null || !isAbsentOrEmpty(target)) {
      throw new CheckpointException(
          folder + ": exists already. Export into a folder that does not exist or is empty.");
    }
    Path aside = parent.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      Files.createDirectories(aside);
      writeAll(aside, replaced, precision, student);
      Files.deleteIfExists(target);
      Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be written (%s: %s). Check permissions and free space."
              .formatted(folder, e.getClass().getSimpleName(), e.getMessage()),
          e);
    } finally {
      deleteIfLeft(aside);
    }
  }

  private void writeAll(
      Path folder,
      Map<String, Weights> replaced,
      Precision precision,
      @Nullable StudentSampling student)
      throws IOException {
    for (Component component : components.values()) {
      Path from = source.component(component.name());
      Path to = Files.createDirectories(folder.resolve(component.name()));
      copy(PipelineFolder.files(from).stream().filter(f -> !PipelineFolder.isWeights(f)), to);
      Weights weights = replaced.get(component.name());
      if (weights == null && source.hasWeights(component.name())) {
        copyWeights(from, to, PipelineFolder.stem(component.name()));
      } else {
        writeWeights(component, weights == null ? component.weights() : weights, precision, to);
      }
    }
    for (String name : List.of("tokenizer", "tokenizer_2")) {
      Path to = Files.createDirectories(folder.resolve(name));
      copy(PipelineFolder.files(source.component(name)).stream(), to);
    }
    copy(
        PipelineFolder.files(source.path()).stream()
            .filter(f -> f.getFileName().toString().startsWith("LICENSE")),
        folder);
    writeScheduler(folder, student);
  }

  private static void copy(Stream<Path> files, Path to) throws IOException {
    for (Path file : files.toList()) {
      Files.copy(file, to.resolve(file.getFileName()));
    }
  }

  /** Only the files the teacher was opened from, so that the copy opens without a variant. */
  private void copyWeights(Path from, Path to, String stem) throws IOException {
    String dotted = source.variant() == null ? "" : "." + source.variant();
    Path single = from.resolve(stem + dotted + ".safetensors");
    if (Files.isRegularFile(single)) {
      Files.copy(single, to.resolve(stem + ".safetensors"));
      return;
    }
    Path index = from.resolve(stem + ".safetensors.index" + dotted + ".json");
    if (!Files.isRegularFile(index)) {
      index = from.resolve(stem + dotted + ".safetensors.index.json");
    }
    Files.copy(index, to.resolve(stem + ".safetensors.index.json"));
    JsonNode map = ModelConfig.read(index).json().path("weight_map");
    for (String shard : map.valueStream().map(JsonNode::asText).distinct().toList()) {
      Files.copy(from.resolve(shard), to.resolve(shard));
    }
  }

  private static void writeWeights(
      Component component, Weights weights, Precision precision, Path to) {
    try (Scope scope = new Scope()) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      for (ParameterSpec parameter : component.network().parameters()) {
        NDArray tensor = weights.get(parameter.name());
        if (!tensor.getShape().equals(parameter.shape())) {
          throw new CheckpointException(
              "%s: new weight '%s' is %s, expected %s. Export weights of this architecture."
                  .formatted(
                      component.name(), parameter.name(), tensor.getShape(), parameter.shape()));
        }
        tensors.put(parameter.name(), tensor);
      }
      Path file = to.resolve(PipelineFolder.stem(component.name()) + ".safetensors");
      SafetensorsWriter.write(file, tensors, Map.of("format", "pt"), type(precision));
    }
  }

  private static DType type(Precision precision) {
    return switch (precision) {
      case FP32 -> DType.F32;
      case FP16 -> DType.F16;
      case BF16 -> DType.BF16;
    };
  }

  private void writeScheduler(Path folder, @Nullable StudentSampling student) throws IOException {
    JsonNode own = ModelConfig.read(source.schedulerFile()).json();
    Path schedulers = Files.createDirectories(folder.resolve("scheduler"));
    JsonNode written = own;
    if (student != null) {
      written = student.schedule().equals("flow") ? flowScheduler() : trailing(own, student);
      writeJson(schedulers.resolve(PipelineFolder.TEACHER_SCHEDULER), own);
      writeJson(folder.resolve("dmdx_student.json"), json(student));
    }
    writeJson(schedulers.resolve(PipelineFolder.SCHEDULER), written);
    writeJson(folder.resolve(PipelineFolder.MODEL_INDEX), modelIndex(written));
  }

  private static ObjectNode json(StudentSampling student) {
    ObjectNode json = JSON.createObjectNode();
    json.put("parameterization", student.parameterization());
    json.put("schedule", student.schedule());
    student.timesteps().forEach(json.putArray("timesteps")::add);
    return json;
  }

  private ObjectNode flowScheduler() {
    ObjectNode json = JSON.createObjectNode();
    json.put("_class_name", "FlowMatchEulerDiscreteScheduler");
    json.put("num_train_timesteps", timeScale);
    json.put("shift", 1.0);
    return json;
  }

  /** The teacher's scheduler on the timesteps and with the output of the student. */
  private static ObjectNode trailing(JsonNode own, StudentSampling student) {
    ObjectNode json = own.deepCopy();
    json.put("timestep_spacing", "trailing");
    json.put(
        "prediction_type",
        student.parameterization().equals("velocity") ? "v_prediction" : "epsilon");
    return json;
  }

  private ObjectNode modelIndex(JsonNode scheduler) {
    Path file = source.path().resolve(PipelineFolder.MODEL_INDEX);
    ObjectNode json;
    if (Files.exists(file)) {
      json = ModelConfig.read(file).json().deepCopy();
    } else {
      json = JSON.createObjectNode();
      json.put("_class_name", "StableDiffusionXLPipeline");
      put(json, "text_encoder", "transformers", "CLIPTextModel");
      put(json, "text_encoder_2", "transformers", "CLIPTextModelWithProjection");
      put(json, "tokenizer", "transformers", "CLIPTokenizer");
      put(json, "tokenizer_2", "transformers", "CLIPTokenizer");
      put(json, "unet", "diffusers", "UNet2DConditionModel");
      put(json, "vae", "diffusers", "AutoencoderKL");
    }
    json.put("force_zeros_for_empty_prompt", forceZeros);
    put(json, "scheduler", "diffusers", scheduler.path("_class_name").asText("DDIMScheduler"));
    return json;
  }

  private static void put(ObjectNode json, String key, String library, String type) {
    json.putArray(key).add(library).add(type);
  }

  private static void writeJson(Path file, JsonNode json) throws IOException {
    Files.writeString(
        file,
        JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + System.lineSeparator());
  }

  private static boolean isAbsentOrEmpty(Path folder) {
    if (Files.notExists(folder)) {
      return true;
    }
    try (Stream<Path> children = Files.list(folder)) {
      return children.findAny().isEmpty();
    } catch (IOException e) {
      return false;
    }
  }

  private static void deleteIfLeft(Path folder) {
    if (Files.notExists(folder)) {
      return;
    }
    try {
      Files.walkFileTree(
          folder,
          new SimpleFileVisitor<Path>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException e)
                throws IOException {
              Files.delete(visited);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be removed (%s). Delete it.".formatted(folder, e.getMessage()), e);
    }
  }
}
