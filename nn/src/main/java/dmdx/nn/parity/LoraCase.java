package dmdx.nn.parity;

import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.Weights;
import dmdx.nn.lora.LoraFile;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Adapters and the case whose network they adapt, as {@code lora.json} in {@code
 * <root>/<family>/<case>} names them: {@code base}, a case folder relative to the root; {@code
 * weights_file}; {@code prefix}, the component. Outputs with the ending {@code _base} are those of
 * the base alone, with {@code _weight_<factor>} those under a multiple of the deltas.
 *
 * @param description {@code lora.json}
 * @param base folder of the base case
 * @param file the adapters
 * @param component prefix of their names
 */
record LoraCase(Path description, Path base, Path file, String component) {

  /** The adapters described in a folder; {@code null} if there are none. */
  static @Nullable LoraCase in(Path folder) {
    Path description = folder.resolve("lora.json");
    if (!Files.isRegularFile(description)) {
      return null;
    }
    ModelConfig facts = ModelConfig.read(description);
    Path root = folder.resolve("../..").normalize();
    return new LoraCase(
        description,
        root.resolve(facts.text("base", "")),
        folder.resolve(facts.text("weights_file", "pytorch_lora_weights.safetensors")),
        facts.text("prefix", "transformer"));
  }

  Subject read(Network network, Weights weights, NDManager manager) {
    return new Subject.Adapted(weights, LoraFile.read(file, component, network, manager));
  }

  CheckpointException withoutBase() {
    return new CheckpointException(
        "%s: the base is %s, which has no configuration and weights. Put the base case there."
            .formatted(description, base));
  }
}
