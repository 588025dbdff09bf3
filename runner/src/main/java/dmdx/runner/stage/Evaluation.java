package dmdx.runner.stage;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dmdx.api.CheckpointException;
import dmdx.api.Metric;
import dmdx.nn.weights.Unreadable;
import dmdx.runner.checkpoint.Folders;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What of an evaluation is done, in the run's folder {@code evaluate}, so that a run that was ended
 * goes on with the next model:
 *
 * <pre>
 * finished.json                    origin, and a row of scores per model, replaced after each
 * reference-&lt;metric&gt;.safetensors   see {@link SavedReference}
 * </pre>
 *
 * <p>The origin is a hash of all that the scores follow from, the files of metrics included, but
 * the weights of trained students, which every row has one of. What is of another origin is
 * deleted.
 */
final class Evaluation {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private final Path folder;
  private final String origin;
  private final List<Row> rows = new ArrayList<>();

  /**
   * The scores of one model, by metric.
   *
   * @param weights as {@link Candidates.Candidate#weights}
   */
  record Row(
      String model, String weights, int evaluations, Map<String, List<Metric.Score>> scores) {
    boolean of(Candidates.Candidate candidate) {
      return model.equals(candidate.label())
          && weights.equals(candidate.weights())
          && evaluations == candidate.evaluations();
    }
  }

  /** The file. */
  private record Finished(String origin, List<Row> rows) {}

  private Evaluation(Path folder, String origin) {
    this.folder = folder;
    this.origin = origin;
  }

  /** Goes on with what is in the folder, or begins there. */
  static Evaluation in(Path folder, String origin) {
    Evaluation evaluation = new Evaluation(folder, origin);
    Path file = evaluation.file();
    try {
      if (Files.exists(file)) {
        Finished finished = JSON.readValue(file.toFile(), Finished.class);
        if (finished.origin().equals(origin)) {
          evaluation.rows.addAll(finished.rows());
          return evaluation;
        }
      }
      Folders.delete(folder);
      Files.createDirectories(folder);
      evaluation.write();
      return evaluation;
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read or replaced (%s). Delete its folder to score all models again."
              .formatted(file, Unreadable.why(e)),
          e);
    }
  }

  private Path file() {
    return folder.resolve("finished.json");
  }

  /** The scores of a model if they are known. */
  Optional<Row> row(Candidates.Candidate candidate) {
    return rows.stream().filter(row -> row.of(candidate)).findFirst();
  }

  /** Keeps the scores of a model. */
  Row add(Candidates.Candidate candidate, Map<String, List<Metric.Score>> scores) {
    Row row = new Row(candidate.label(), candidate.weights(), candidate.evaluations(), scores);
    rows.removeIf(other -> other.model().equals(row.model()));
    rows.add(row);
    write();
    return row;
  }

  private void write() {
    try {
      Folders.replace(file(), JSON.writeValueAsBytes(new Finished(origin, rows)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What metrics saved of the reference. */
  SavedReference reference() {
    return new SavedReference(folder, origin);
  }
}
