package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dmdx.api.CheckpointException;
import dmdx.api.StudentSampling;
import dmdx.api.network.Network;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.runner.checkpoint.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A student between stages: {@code diffusion_pytorch_model.safetensors} under the denoiser's own
 * tensor names, and {@code dmdx_student.json}, which says how it is sampled. The JSON file is
 * written last and marks the folder as complete.
 */
final class StudentFiles {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String STEM = "diffusion_pytorch_model";
  static final String SAMPLING = "dmdx_student.json";

  private StudentFiles() {}

  static boolean exists(Path folder) {
    return Files.isRegularFile(folder.resolve(SAMPLING));
  }

  static void write(Path folder, Network network, Weights weights, StudentSampling sampling) {
    try (Scope scope = new Scope()) {
      Files.createDirectories(folder);
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      network.parameters().forEach(p -> tensors.put(p.name(), weights.get(p.name())));
      SafetensorsWriter.write(
          folder.resolve(STEM + ".safetensors"), tensors, Map.of("format", "pt"), DType.F32);
      Folders.replace(folder.resolve(SAMPLING), JSON.writeValueAsBytes(sampling));
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be written (%s)".formatted(folder, e.getMessage()), e);
    }
  }

  static CheckpointWeights weights(Path folder, Network network, NDManager manager) {
    requireStudent(folder);
    return CheckpointWeights.open(folder, STEM, null, network, name -> false, manager);
  }

  static StudentSampling sampling(Path folder) {
    requireStudent(folder);
    try {
      return JSON.readValue(folder.resolve(SAMPLING).toFile(), StudentSampling.class);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s)".formatted(folder.resolve(SAMPLING), e.getMessage()), e);
    }
  }

  private static void requireStudent(Path folder) {
    if (!exists(folder)) {
      throw new CheckpointException(
          "%s: holds no finished student. Run the stage that makes it, or correct the stage that starts from it."
              .formatted(folder));
    }
  }
}
