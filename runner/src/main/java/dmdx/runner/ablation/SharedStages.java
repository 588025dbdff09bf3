package dmdx.runner.ablation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import dmdx.api.CheckpointException;
import dmdx.api.settings.Names;
import dmdx.nn.weights.Unreadable;
import dmdx.runner.checkpoint.CheckpointStore;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.stage.Fingerprint;
import dmdx.runner.stage.Fingerprints;
import dmdx.runner.stage.StageWatch;
import dmdx.runner.stage.Timings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a run the results of a stage that another run, of this ablation or of another one beside
 * it, has made from the very same things; and all of its results, if the two differ in nothing but
 * their names.
 *
 * <p>Every run's folder holds {@code shared.json}:
 *
 * <pre>
 * {"adp": {"fingerprint": "…", "program": "…", "parts": {"adp.batch": "…", …}, "finished": true,
 *          "from": "../b4-dmdx-1"},
 *  "run": {"fingerprint": "…", "program": "…", "finished": true}}
 * </pre>
 *
 * The fingerprint is written before the stage does anything and must be the same whenever it goes
 * on; {@code finished} is written after it has returned. A result is given away only if it is
 * finished and fingerprint and program are those of the run that asks. What was begun without this
 * record, or was made by several versions of the program, is given to nobody.
 */
final class SharedStages implements StageWatch {
  private static final Logger LOG = LoggerFactory.getLogger(SharedStages.class);
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String RECORD = "shared.json";
  private static final String RUN = "run";
  private static final String FINGERPRINT = "fingerprint";
  private static final String PROGRAM = "program";
  private static final String FINISHED = "finished";
  private static final String PARTS = "parts";
  private static final String UNKNOWN = "unknown";

  private final Path run;
  private final Config config;
  private final List<Path> others;
  private final Fingerprints fingerprints;
  private final String program;

  /**
   * @param run the run's folder
   * @param config its resolved configuration
   * @param others folders of the runs that may have something to share
   * @param program hash over the code that computes
   */
  SharedStages(
      Path run, Config config, List<Path> others, Fingerprints fingerprints, String program) {
    this.run = run;
    this.config = config;
    this.others = List.copyOf(others);
    this.fingerprints = fingerprints;
    this.program = program;
  }

  /** The runs of all ablations in a folder, sorted by name. */
  static List<Path> runsUnder(Path ablations) {
    if (!Files.isDirectory(ablations)) {
      return List.of();
    }
    try (Stream<Path> files = Files.find(ablations, 3, (file, a) -> file.endsWith(RECORD))) {
      return files.map(Path::getParent).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be read".formatted(ablations), e);
    }
  }

  /**
   * Takes over a finished run of the same fingerprint, if nothing has been done of this one.
   *
   * @return whether there was one
   */
  boolean takesRun(String fingerprint) {
    if (Files.exists(run)) {
      return false;
    }
    for (Path other : others) {
      if (isGiven(other, RUN, fingerprint)) {
        link(other, run);
        ObjectNode record = read(run);
        ((ObjectNode) record.path(RUN)).put("from", run.relativize(other).toString());
        write(record);
        LOG.info("{}: taken from {}", run.getFileName(), other);
        return true;
      }
    }
    return false;
  }

  /** Notes what the whole run follows from. */
  void beginsRun(String fingerprint) {
    ObjectNode record = read(run);
    JsonNode entry = record.path(RUN);
    boolean begun = Files.exists(run);
    boolean ours = !begun || entry.path(PROGRAM).asText().equals(program);
    record.putObject(RUN).put(FINGERPRINT, fingerprint).put(PROGRAM, ours ? program : UNKNOWN);
    write(record);
  }

  /** Notes that the whole run is finished. */
  void endedRun() {
    ended(RUN);
  }

  private boolean isGiven(Path other, String part, String fingerprint) {
    JsonNode theirs = read(other).path(part);
    return !other.equals(run)
        && theirs.path(FINISHED).asBoolean()
        && theirs.path(FINGERPRINT).asText().equals(fingerprint)
        && theirs.path(PROGRAM).asText().equals(program);
  }

  @Override
  public void begins(String stage) {
    if (!Fingerprints.stages().contains(stage)) {
      return;
    }
    Fingerprint fingerprint = fingerprints.of(stage, config);
    ObjectNode record = read(run);
    JsonNode entry = record.path(stage);
    boolean present = Files.exists(run.resolve(stage));
    if (entry.isMissingNode() || !present) {
      record
          .putObject(stage)
          .put(FINGERPRINT, fingerprint.hash())
          .put(PROGRAM, present || !madeHere(stage, record) ? UNKNOWN : program)
          .set(PARTS, JSON.valueToTree(fingerprint.parts()));
      write(record);
      if (!present && madeHere(stage, record)) {
        receive(stage, fingerprint.hash(), record);
      }
      return;
    }
    if (!entry.path(FINGERPRINT).asText().equals(fingerprint.hash())) {
      throw new CheckpointException(
          "%s: this stage was begun with other settings, or with files that have changed since%s. Change them back, or delete %s to make it again."
              .formatted(run.resolve(stage), named(fingerprint, parts(entry)), run));
    }
    if (!entry.path(FINISHED).asBoolean() && !entry.path(PROGRAM).asText().equals(program)) {
      ((ObjectNode) entry).put(PROGRAM, UNKNOWN);
      write(record);
    }
  }

  private static Map<String, String> parts(JsonNode entry) {
    Map<String, String> parts = new HashMap<>();
    entry.path(PARTS).forEachEntry((name, hash) -> parts.put(name, hash.asText()));
    return parts;
  }

  /** The first things that differ, where there is a record of what there was. */
  private static String named(Fingerprint now, Map<String, String> before) {
    List<String> names = before.isEmpty() ? List.of() : now.differences(before);
    return names.isEmpty() ? "" : ": " + Names.list(names);
  }

  /** Whether what the stage builds on has a record and is this very program's. */
  private boolean madeHere(String stage, ObjectNode record) {
    List<String> stages = Fingerprints.stages();
    return stages.subList(0, stages.indexOf(stage)).stream()
        .filter(earlier -> Files.exists(run.resolve(earlier)))
        .allMatch(earlier -> record.path(earlier).path(PROGRAM).asText().equals(program));
  }

  @Override
  public void ended(String stage) {
    ObjectNode record = read(run);
    if (record.path(stage) instanceof ObjectNode entry && !entry.path(FINISHED).asBoolean()) {
      entry.put(FINISHED, true);
      write(record);
    }
  }

  private void receive(String stage, String fingerprint, ObjectNode record) {
    for (Path other : others) {
      if (isGiven(other, stage, fingerprint) && Files.isDirectory(other.resolve(stage))) {
        link(other.resolve(stage), run.resolve(stage));
        Double seconds = Timings.in(other).finished().get(stage);
        if (seconds != null) {
          Timings.in(run).add(stage, seconds, true);
        }
        ((ObjectNode) record.path(stage)).put("from", run.relativize(other).toString());
        write(record);
        LOG.info("{}: taken from {}", stage, other);
        return;
      }
    }
  }

  /** Links the files of a stage or run, all of them or none; checkpoints are not needed. */
  private static void link(Path from, Path to) {
    Path aside = to.resolveSibling("." + to.getFileName() + ".tmp");
    try {
      Folders.delete(aside);
      Files.walkFileTree(
          from,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
                throws IOException {
              if (folder.endsWith(CheckpointStore.FOLDER)) {
                return FileVisitResult.SKIP_SUBTREE;
              }
              Files.createDirectories(aside.resolve(from.relativize(folder)));
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              linkOrCopy(file, aside.resolve(from.relativize(file)));
              return FileVisitResult.CONTINUE;
            }
          });
      Folders.sync(aside);
      Folders.rename(aside, to);
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be linked to %s".formatted(from, to), e);
    }
  }

  /** Tensors are only ever replaced as a whole, so a link is safe; small files are copied. */
  private static void linkOrCopy(Path file, Path target) throws IOException {
    if (file.toString().endsWith(".safetensors")) {
      try {
        Files.createLink(target, file);
        return;
      } catch (UnsupportedOperationException | IOException e) {
        LOG.debug("{} is copied, not linked: {}", file, e.toString());
      }
    }
    Files.copy(file, target);
  }

  private static ObjectNode read(Path run) {
    Path file = run.resolve(RECORD);
    if (!Files.exists(file)) {
      return JSON.createObjectNode();
    }
    try {
      if (JSON.readTree(file.toFile()) instanceof ObjectNode record) {
        return record;
      }
      throw new CheckpointException("%s: is no JSON object. Delete %s.".formatted(file, run));
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s). Delete %s.".formatted(file, Unreadable.why(e), run), e);
    }
  }

  private void write(ObjectNode record) {
    try {
      Files.createDirectories(run);
      Folders.replace(run.resolve(RECORD), JSON.writeValueAsBytes(record));
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(run.resolve(RECORD)), e);
    }
  }
}
