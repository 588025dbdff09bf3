package dmdx.runner.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.runner.checkpoint.Folders;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code report.html}: all that a run shows in one file that can be sent and printed. Of very long
 * runs it holds every so many lines and pictures, the first and the last among them.
 */
public final class RunReport {
  /** The file's name in the run's folder. */
  public static final String FILE = "report.html";

  private static final int MOST_LINES = 4000;
  private static final int MOST_PICTURES = 32;
  private static final MathContext SHOWN = new MathContext(7);

  private RunReport() {}

  /**
   * Writes or replaces the report of a run.
   *
   * @return the file
   * @throws java.io.UncheckedIOException if it cannot be written
   */
  public static Path write(Path folder) {
    Path file = folder.resolve(FILE);
    Folders.replace(file, html(folder).getBytes(StandardCharsets.UTF_8));
    return file;
  }

  /** The report's text. */
  public static String html(Path folder) {
    RunFolder source = new RunFolder(folder);
    ObjectNode run = source.describe();
    ArrayNode problems = run.withArray("problems");
    ObjectNode lines = run.putObject("lines");
    for (JsonNode stage : run.path("metrics")) {
      ArrayNode kept = lines.putArray(stage.asText());
      try {
        List<ObjectNode> all = MetricsPiece.all(source.metrics(stage.asText()));
        if (all.size() > MOST_LINES) {
          problems.add(
              "%s: the curves show %d of %d logged lines."
                  .formatted(stage.asText(), MOST_LINES, all.size()));
        }
        spread(all, MOST_LINES).forEach(line -> kept.add(rounded(line)));
      } catch (IOException e) {
        problems.add("%s/%s cannot be read.".formatted(stage.asText(), MetricsLog.FILE));
      }
    }
    ArrayNode shown = run.arrayNode();
    pictures(run).forEach(picture -> inline(folder, picture, problems, shown));
    run.set("pictures", shown);
    comparison(folder, run, problems);
    run.put("generated", Instant.now().toString());
    return Page.report(source.name(), run);
  }

  private static void comparison(Path folder, ObjectNode run, ArrayNode problems) {
    if (run.has("comparison")) {
      try {
        run.put("comparison", InlinePicture.uri(folder.resolve(run.path("comparison").asText())));
      } catch (IOException e) {
        problems.add(run.remove("comparison").asText() + " cannot be read as a picture.");
      }
    }
  }

  private static List<ObjectNode> pictures(ObjectNode run) {
    Map<String, List<ObjectNode>> stages = new LinkedHashMap<>();
    for (JsonNode picture : run.path("pictures")) {
      stages
          .computeIfAbsent(picture.path("stage").asText(), s -> new ArrayList<>())
          .add((ObjectNode) picture);
    }
    List<ObjectNode> kept = new ArrayList<>();
    stages.values().forEach(pictures -> kept.addAll(spread(pictures, MOST_PICTURES)));
    return kept;
  }

  private static void inline(Path folder, ObjectNode picture, ArrayNode problems, ArrayNode shown) {
    String path = picture.path("path").asText();
    try {
      shown.add(picture.put("path", InlinePicture.uri(folder.resolve(path))));
    } catch (IOException e) {
      problems.add(path + " cannot be read as a picture.");
    }
  }

  /** At most {@code most} of a list, at even distances, with the first and the last. */
  static <T> List<T> spread(List<T> all, int most) {
    if (all.size() <= most) {
      return all;
    }
    List<T> kept = new ArrayList<>();
    for (int i = 0; i < most; i++) {
      kept.add(all.get((int) ((long) i * (all.size() - 1) / (most - 1))));
    }
    return kept;
  }

  private static ObjectNode rounded(ObjectNode line) {
    line.remove(List.of("stage", "time"));
    line.properties()
        .forEach(
            entry -> {
              JsonNode value = entry.getValue();
              if (value.isDouble() && Double.isFinite(value.asDouble())) {
                BigDecimal shorter = new BigDecimal(value.asText()).round(SHOWN);
                entry.setValue(line.numberNode(shorter.doubleValue()));
              }
            });
    return line;
  }
}
