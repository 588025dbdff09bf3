package dmdx.nn.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import dmdx.api.Component;
import dmdx.api.Precision;
import dmdx.api.StudentSampling;
import dmdx.api.network.Weights;
import dmdx.nn.pipeline.PipelineLayout.Part;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes a pipeline folder: aside first, renamed when it is complete.
 *
 * <p>Components with new weights, and those that never had a file, get one file; the files of the
 * others are copied, a variant's under its plain name.
 */
public final class PipelineExport {
  private static final JsonMapper JSON = new JsonMapper();

  private final PipelineFolder source;
  private final Map<String, Component> components;
  private final Map<String, JsonNode> index;
  private final StudentScheduler scheduler;

  /**
   * @param source the folder the teacher was opened from
   * @param components its networks
   * @param index further entries of {@code model_index.json}
   * @param scheduler how a student's folder is to be sampled
   */
  public PipelineExport(
      PipelineFolder source,
      Map<String, Component> components,
      Map<String, JsonNode> index,
      StudentScheduler scheduler) {
    this.source = source;
    this.components = components;
    this.index = index;
    this.scheduler = scheduler;
  }

  /**
   * Writes the folder.
   *
   * @param folder must not exist or be empty
   * @param replaced weights by component name that take the place of the teacher's own
   * @param precision format of components that are not copied
   * @param student how the replaced denoiser is sampled, or null to keep the scheduler
   * @throws CheckpointException if the folder has content or cannot be written
   */
  public void write(
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
    ExportFolder.write(folder, aside -> writeAll(aside, replaced, precision, student));
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
    for (Part part : source.layout().parts()) {
      String name = part.name();
      if (!part.isTokenizer() || !isExported(part)) {
        continue;
      }
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
    Path file = to.resolve(PipelineFolder.stem(component.name()) + ".safetensors");
    SafetensorsWriter.write(
        file, component.network(), weights, Map.of("format", "pt"), DType.of(precision));
  }

  private void writeScheduler(Path folder, @Nullable StudentSampling student) throws IOException {
    ObjectNode own = ModelConfig.read(source.schedulerFile()).json().deepCopy();
    Path schedulers = Files.createDirectories(folder.resolve("scheduler"));
    ObjectNode written = own;
    if (student != null) {
      written = scheduler.of(own.deepCopy(), student);
      writeJson(schedulers.resolve(PipelineFolder.TEACHER_SCHEDULER), own);
      Files.write(folder.resolve(StudentSamplingFile.NAME), StudentSamplingFile.bytes(student));
    }
    writeJson(schedulers.resolve(PipelineFolder.SCHEDULER), written);
    writeJson(folder.resolve(PipelineFolder.MODEL_INDEX), modelIndex(written));
  }

  private ObjectNode modelIndex(JsonNode written) {
    ModelConfig known = source.modelIndex();
    ObjectNode json = known == null ? JSON.createObjectNode() : known.json().deepCopy();
    if (known == null) {
      json.put("_class_name", source.layout().pipelineClass());
      source.layout().parts().forEach(p -> put(json, p.name(), p.library(), p.type()));
    }
    for (Part part : source.layout().parts()) {
      if (!isExported(part)) {
        json.putArray(part.name()).addNull().addNull();
      }
    }
    index.forEach(json::set);
    put(json, "scheduler", "diffusers", written.path("_class_name").asText("DDIMScheduler"));
    return json;
  }

  /** A tokenizer goes with its text encoder. */
  private boolean isExported(Part part) {
    return components.containsKey(part.name().replace("tokenizer", "text_encoder"));
  }

  private static void put(ObjectNode json, String key, String library, String type) {
    json.putArray(key).add(library).add(type);
  }

  private static void writeJson(Path file, JsonNode json) throws IOException {
    Files.writeString(
        file,
        JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + System.lineSeparator());
  }
}
