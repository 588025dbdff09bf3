package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.Unreadable;
import dmdx.runner.checkpoint.Folders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * ODE pairs {@code (z, x0, prompt)} on disk.
 *
 * <p>Layout of the folder:
 *
 * <pre>
 * manifest.json              teacher hash, sampler, steps, guidance, seed, prompts' hash, counts
 * pairs-00000.safetensors    z [n, C, H, W], x0 [n, C, H, W], guidance [n], float32; prompt [n], int64
 * </pre>
 *
 * A shard is written aside and renamed, so every shard present is complete; collection goes on
 * after the last. {@code prompt} is the index of the prompt in the run's prompt list.
 */
final class OdePairs {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path folder;

  OdePairs(Path folder) {
    this.folder = folder;
  }

  /**
   * What pairs were made with; pairs of another origin are refused.
   *
   * @param teacher hash over the checkpoint's files
   * @param prompts SHA-256 over the prompt list
   */
  record Origin(
      String plugin,
      String teacher,
      String prompts,
      String sampler,
      int steps,
      List<Double> guidance,
      long seed,
      List<Long> latent,
      int pairs,
      int shard) {

    ObjectNode json() {
      return JSON.valueToTree(this);
    }
  }

  /** Hash over all files of a checkpoint folder, by {@link Folders#fingerprint}. */
  static String hash(Path checkpoint) {
    StringBuilder all = new StringBuilder();
    try (var files = Files.walk(checkpoint)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        all.append(checkpoint.relativize(file)).append(' ');
        all.append(Folders.fingerprint(file)).append('\n');
      }
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s)".formatted(checkpoint, Unreadable.why(e)), e);
    }
    return sha256(all.toString());
  }

  static String hash(PromptSet prompts) {
    return sha256(String.join("\n", prompts.prompts()));
  }

  private static String sha256(String text) {
    return Folders.sha256(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Number of shards a collection of this origin consists of. */
  static int shards(Origin origin) {
    return shards(origin.pairs(), origin.shard());
  }

  private static int shards(int pairs, int shard) {
    return (pairs + shard - 1) / shard;
  }

  /** Whether all shards are there, whatever their origin. */
  boolean isComplete(int pairs, int shard) {
    return IntStream.range(0, shards(pairs, shard)).allMatch(this::hasShard);
  }

  Path shardFile(int shard) {
    return folder.resolve("pairs-%05d.safetensors".formatted(shard));
  }

  /** Refuses pairs that were not made with {@code origin} and collections that were cut short. */
  void requireComplete(Origin origin) {
    requireOrigin(origin);
    long present = IntStream.range(0, shards(origin)).filter(this::hasShard).count();
    if (present < shards(origin)) {
      throw new CheckpointException(
          "%s: %d of %d shards are there. Run the 'collect' stage to its end."
              .formatted(folder, present, shards(origin)));
    }
  }

  /**
   * Begins or continues a collection.
   *
   * @throws CheckpointException if the folder holds pairs of another origin
   */
  void begin(Origin origin) {
    Path manifest = folder.resolve("manifest.json");
    if (Files.exists(manifest)) {
      requireOrigin(origin);
      return;
    }
    try {
      Files.createDirectories(folder);
      Folders.replace(manifest, JSON.writeValueAsBytes(origin.json()));
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be written (%s)".formatted(manifest, Unreadable.why(e)), e);
    }
  }

  private void requireOrigin(Origin origin) {
    Path manifest = folder.resolve("manifest.json");
    JsonNode found;
    try {
      found = JSON.readTree(manifest.toFile());
    } catch (IOException e) {
      throw new CheckpointException(
          Files.exists(manifest)
              ? "%s: cannot be read (%s). Delete the folder %s and run the 'collect' stage anew."
                  .formatted(manifest, Unreadable.why(e), folder)
              : "%s: there is no such file. Run the 'collect' stage first.".formatted(manifest),
          e);
    }
    List<String> differences = new ArrayList<>();
    for (Map.Entry<String, JsonNode> field : origin.json().properties()) {
      JsonNode other = found.path(field.getKey());
      if (!other.toString().equals(field.getValue().toString())) {
        differences.add("%s is %s, expected %s".formatted(field.getKey(), other, field.getValue()));
      }
    }
    if (!differences.isEmpty()) {
      throw new CheckpointException(
          "%s: these pairs were made otherwise: %s. Delete the folder to collect them anew."
              .formatted(manifest, String.join("; ", differences)));
    }
  }

  boolean hasShard(int shard) {
    return Files.isRegularFile(shardFile(shard));
  }

  void write(int shard, Map<String, NDArray> tensors) {
    SafetensorsWriter.write(shardFile(shard), tensors, Map.of("format", "pt"), DType.F32);
  }

  /** Opens all shards for reading; their tensors stay on disk. */
  Opened open(Origin origin, NDManager manager) {
    List<SafetensorsFile> shards = new ArrayList<>();
    List<Integer> prompts = new ArrayList<>();
    try (Scope scope = new Scope()) {
      for (int shard = 0; shard < shards(origin); shard++) {
        SafetensorsFile file = openShard(shardFile(shard));
        shards.add(file);
        for (long prompt : file.read("prompt", manager).toLongArray()) {
          prompts.add((int) prompt);
        }
      }
      return new Opened(origin.shard(), shards, List.copyOf(prompts));
    } catch (RuntimeException e) {
      shards.forEach(SafetensorsFile::close);
      throw e;
    }
  }

  private static SafetensorsFile openShard(Path file) {
    try {
      return SafetensorsFile.open(file);
    } catch (CheckpointException e) {
      throw new CheckpointException(
          "%s%nDelete this file and run the 'collect' stage again, which makes it anew."
              .formatted(e.getMessage()),
          e);
    }
  }

  /**
   * Pairs on disk.
   *
   * @param prompts index of each pair's prompt
   */
  record Opened(int shardSize, List<SafetensorsFile> shards, List<Integer> prompts)
      implements AutoCloseable {

    int size() {
      return prompts.size();
    }

    /** Rows {@code [B, C, H, W]} of {@code z} or {@code x0}, owned by {@code owner}. */
    NDArray rows(String tensor, int[] pairs, NDManager owner) {
      NDList rows = new NDList(pairs.length);
      for (int pair : pairs) {
        int row = pair % shardSize;
        rows.add(shards.get(pair / shardSize).readRows(tensor, row, row + 1L, owner));
      }
      return NDArrays.concat(rows, 0);
    }

    @Override
    public void close() {
      shards.forEach(SafetensorsFile::close);
    }
  }

  static Map<String, NDArray> tensors(NDArray z, NDArray x0, NDArray guidance, NDArray prompt) {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("z", z);
    tensors.put("x0", x0);
    tensors.put("guidance", guidance);
    tensors.put("prompt", prompt);
    return tensors;
  }
}
