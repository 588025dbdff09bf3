package dmdx.nn.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.api.network.Passes;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.text.ClipTextConfig;
import dmdx.nn.text.ClipTextEncoder;
import dmdx.nn.text.T5Config;
import dmdx.nn.text.T5Encoder;
import dmdx.nn.text.TokenIds;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a reference pipeline made of prompts: text encoders in folders as in a checkpoint, and
 * {@code io.safetensors} with token ids {@code in.*} and conditionings {@code out.*}.
 */
public final class ConditioningCase implements AutoCloseable {
  private static final double TOLERANCE = 2e-5;

  private final Path folder;
  private final NDManager memory;
  private final SafetensorsFile io;
  private final Map<String, CheckpointWeights> weights = new LinkedHashMap<>();
  private final ParityRows rows = new ParityRows("io.safetensors");

  /**
   * @param index the {@code case.json}
   * @param manager parent of the memory used
   */
  public ConditioningCase(ModelConfig index, NDManager manager) {
    folder = index.path().resolveSibling("");
    io = SafetensorsFile.open(folder.resolve("io.safetensors"));
    memory = manager.newSubManager();
  }

  /** Whether {@code index} is that of such a case of a pipeline. */
  public static boolean isOf(ModelConfig index, String pipeline) {
    return index.json().path("family").asText().equals("prompt-conditioning")
        && index.json().path("case").asText().equals(pipeline);
  }

  /** Opens the encoders {@link ClipPair#FIRST} and {@link ClipPair#SECOND}. */
  public ClipPair clip() {
    return new ClipPair(clip(ClipPair.FIRST), clip(ClipPair.SECOND));
  }

  private ClipTextEncoder clip(String component) {
    Path home = folder.resolve(component);
    ClipTextEncoder encoder = ClipTextEncoder.of(ClipTextConfig.from(config(home)));
    weights.put(
        component,
        CheckpointWeights.open(home, "model", null, encoder, ClipTextEncoder::ignores, memory));
    return encoder;
  }

  /** Opens the T5 encoder of a component. */
  public T5Encoder t5(String component) {
    Path home = folder.resolve(component);
    T5Encoder encoder = T5Encoder.of(T5Config.from(config(home)));
    weights.put(
        component,
        CheckpointWeights.open(
            home, "model", null, encoder, T5Encoder.aliases(), T5Encoder::ignores, memory));
    return encoder;
  }

  private static ModelConfig config(Path home) {
    return ModelConfig.read(home.resolve("config.json"));
  }

  /** Passes over the opened encoders. */
  public Passes passes() {
    return component -> {
      CheckpointWeights opened = weights.get(component);
      if (opened == null) {
        throw new CheckpointException(folder + ": " + component + " is not open");
      }
      return ForwardPass.of(opened, memory);
    };
  }

  /** Owns what is read and made. */
  public NDManager memory() {
    return memory;
  }

  /** The token ids {@code in.<name>}, one row per prompt. */
  public long[][] ids(String name) {
    return TokenIds.rows(input(name));
  }

  /** The tensor {@code in.<name>}. */
  public NDArray input(String name) {
    return io.read("in." + name, memory);
  }

  /** The tensor {@code out.<name>}. */
  public NDArray stored(String name) {
    return io.read("out." + name, memory);
  }

  /**
   * Compares with {@code out.<name>}.
   *
   * @param actual a row per prompt; it is repeated for each picture of a prompt
   */
  public void compare(String name, NDArray actual) {
    NDArray stored = stored(name);
    long copies = stored.getShape().get(0) / actual.getShape().get(0);
    rows.tensor("out", name, actual.repeat(0, Math.max(1, copies)), stored, TOLERANCE);
  }

  /** Compares with {@code out.<name>} by the absolute error. */
  public void compare(String name, NDArray actual, double tolerance) {
    rows.tensor("out", name, actual, stored(name), ParityRows.ABSOLUTE, tolerance);
  }

  public ParityReport report() {
    return new ParityReport(folder, rows.list());
  }

  @Override
  public void close() {
    weights.values().forEach(CheckpointWeights::close);
    io.close();
    memory.close();
  }
}
