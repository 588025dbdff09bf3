package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import dmdx.api.CheckpointException;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Weights;
import dmdx.nn.perceptual.Lpips;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Reads the weights of {@link Lpips}, which are published in two files. */
final class LpipsWeights {
  private LpipsWeights() {}

  /** Whether a tensor is one of the learned weights of channels. */
  static boolean isLinear(String name) {
    return name.startsWith("lin");
  }

  /**
   * Reads all tensors; they are few.
   *
   * @param files searched in order
   * @param needed which of the network's tensors must be there
   * @param owner owns them
   * @throws CheckpointException naming every tensor that is in no file or of another shape
   */
  static Weights read(List<Path> files, Lpips network, Predicate<String> needed, NDManager owner) {
    List<SafetensorsFile> open = new ArrayList<>();
    try {
      files.forEach(file -> open.add(SafetensorsFile.open(file)));
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      List<String> problems = new ArrayList<>();
      Map<String, String> aliases = network.aliases();
      for (ParameterSpec parameter : network.parameters()) {
        String name = parameter.name();
        if (needed.test(name)) {
          String problem =
              read(
                  parameter, List.of(name, aliases.getOrDefault(name, name)), open, tensors, owner);
          if (!problem.isEmpty()) {
            problems.add(problem);
          }
        }
      }
      if (!problems.isEmpty()) {
        throw new CheckpointException(
            "%s: %s. Give torchvision's weights of the network and LPIPS's of the channels, both for the same network."
                .formatted(files, String.join("; ", problems)));
      }
      return new MapWeights(files.toString(), tensors);
    } finally {
      open.forEach(SafetensorsFile::close);
    }
  }

  /** Reads one tensor and returns what is wrong with it, nothing if it is as expected. */
  private static String read(
      ParameterSpec parameter,
      List<String> names,
      List<SafetensorsFile> files,
      Map<String, NDArray> tensors,
      NDManager owner) {
    for (SafetensorsFile file : files) {
      for (String name : names) {
        SafetensorsFile.Entry entry = file.entries().get(name);
        if (entry != null && !entry.shape().equals(parameter.shape())) {
          return "'%s' is %s, expected %s".formatted(name, entry.shape(), parameter.shape());
        }
        if (entry != null) {
          NDArray tensor = file.read(name, owner);
          NDScope.unregister(tensor); // it outlives the scope it is first asked for in
          tensors.put(parameter.name(), tensor);
          return "";
        }
      }
    }
    return "'%s' is missing".formatted(parameter.name());
  }
}
