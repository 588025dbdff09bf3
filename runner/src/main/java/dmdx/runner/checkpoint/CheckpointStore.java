package dmdx.runner.checkpoint;

import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import dmdx.api.settings.Names;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.Unreadable;
import dmdx.runner.train.TrainableRole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Saves and restores the roles of one stage. */
public final class CheckpointStore {
  /** The folder of a stage's checkpoints. */
  public static final String FOLDER = "checkpoints";

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
  private static final String STATE = "state.json";
  private static final String TENSORS = "state.safetensors";
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path folder;
  private final String stage;
  private final int kept;

  /**
   * @param folder the stage's folder; checkpoints go to its sub-folder {@code checkpoints}
   * @param stage stage name, checked on restoring
   * @param kept how many of the newest checkpoints to keep, at least 1
   */
  public CheckpointStore(Path folder, String stage, int kept) {
    this.folder = folder.resolve(FOLDER);
    this.stage = stage;
    this.kept = kept;
  }

  /**
   * Saves the roles as they are after {@code iterations} iterations, then drops the oldest
   * checkpoints beyond the number kept.
   */
  public void save(long iterations, List<TrainableRole> roles) {
    String name = "%08d".formatted(iterations);
    try {
      Files.createDirectories(folder);
      Path target = folder.resolve(name);
      Path aside = folder.resolve("." + name + ".tmp");
      Folders.delete(aside);
      Files.createDirectories(aside);
      ObjectNode state = JSON.createObjectNode();
      state.put("stage", stage).put("iterations", iterations);
      state.put("java", Runtime.version().toString());
      ObjectNode saved = state.putObject("roles");
      for (TrainableRole role : roles) {
        Path file = Files.createDirectories(aside.resolve(role.name())).resolve(TENSORS);
        SafetensorsWriter.write(file, role.state(), Map.of("format", "pt"), DType.F32);
        saved
            .putObject(role.name())
            .put("optimizer-steps", role.optimizerSteps())
            .put("sha256", Folders.sha256(file));
      }
      Folders.writeSynced(aside.resolve(STATE), JSON.writeValueAsBytes(state));
      Folders.sync(aside);
      Folders.delete(target);
      Folders.rename(aside, target);
      prune();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "%s: checkpoint %s could not be written".formatted(folder, name), e);
    }
  }

  private void prune() throws IOException {
    List<Path> all = complete();
    for (Path old : all.subList(0, Math.max(0, all.size() - kept))) {
      Folders.delete(old);
    }
  }

  /**
   * Restores the newest complete checkpoint. A damaged one is reported and the one before it taken.
   *
   * @return the number of iterations done, or empty if there is no checkpoint
   * @throws CheckpointException if there are checkpoints and none can be used
   */
  public Optional<Long> restoreNewest(List<TrainableRole> roles) {
    List<Path> all = new ArrayList<>(complete());
    all.sort(Comparator.reverseOrder());
    for (Path checkpoint : all) {
      try {
        return Optional.of(restore(checkpoint, roles));
      } catch (CheckpointException e) {
        LOG.warn("{} Trying the checkpoint before it.", e.getMessage());
      }
    }
    if (!all.isEmpty()) {
      throw new CheckpointException(
          "%s: %s, of which none can be used. Delete the folder to start the stage again."
              .formatted(folder, Names.count(all.size(), "checkpoint")));
    }
    return Optional.empty();
  }

  /** Iterations done at the newest checkpoint, damaged or not; empty if there is none. */
  public Optional<Long> newest() {
    return complete().stream()
        .map(folder -> Long.parseLong(folder.getFileName().toString()))
        .max(Comparator.naturalOrder());
  }

  private long restore(Path checkpoint, List<TrainableRole> roles) {
    JsonNode state = readState(checkpoint);
    if (!state.path("stage").asText().equals(stage)) {
      throw new CheckpointException(
          "%s: is of stage '%s', expected '%s'."
              .formatted(checkpoint, state.path("stage").asText(), stage));
    }
    for (TrainableRole role : roles) {
      JsonNode saved = state.path("roles").path(role.name());
      Path file = checkpoint.resolve(role.name()).resolve(TENSORS);
      if (!Files.isRegularFile(file)) {
        throw new CheckpointException("%s: is missing.".formatted(file));
      }
      if (!Folders.sha256(file).equals(saved.path("sha256").asText())) {
        throw new CheckpointException(
            "%s: differs from the SHA-256 in state.json.".formatted(file));
      }
      try (Scope scope = new Scope();
          SafetensorsFile tensors = SafetensorsFile.open(file)) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        tensors.entries().forEach((name, entry) -> shapes.put(name, entry.shape()));
        role.restore(shapes, tensors::copy, saved.path("optimizer-steps").asLong());
      } catch (IllegalArgumentException e) {
        throw new CheckpointException("%s: %s.".formatted(file, e.getMessage()), e);
      }
    }
    return state.path("iterations").asLong();
  }

  private static JsonNode readState(Path checkpoint) {
    try {
      return JSON.readTree(checkpoint.resolve(STATE).toFile());
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s).".formatted(checkpoint.resolve(STATE), Unreadable.why(e)), e);
    }
  }

  /** Folders with a final name, oldest first. */
  private List<Path> complete() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(p -> p.getFileName().toString().matches("\\d+")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
