package dmdx.examples.fashion;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Weights;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes a network's folder: {@code config.json} and half-precision weights. */
final class NetworkFiles {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private NetworkFiles() {}

  /**
   * @param stem name of the weights file without {@code .fp16.safetensors}
   * @param network names the weights to write
   */
  static void write(Path folder, String stem, JsonNode config, Network network, Weights weights)
      throws IOException {
    Files.createDirectories(folder);
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    for (ParameterSpec parameter : network.parameters()) {
      tensors.put(parameter.name(), weights.get(parameter.name()));
    }
    Path file = folder.resolve(stem + ".fp16.safetensors");
    SafetensorsWriter.write(file, tensors, Map.of("format", "pt"), DType.F16);
    Files.writeString(folder.resolve("config.json"), JSON.writeValueAsString(config) + "\n");
    System.out.printf("%s: %,d bytes%n", file, Files.size(file));
  }
}
