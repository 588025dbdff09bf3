package dmdx.runner.ablation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.ConfigFactory;
import dmdx.runner.ablation.Ablation.Outcome;
import dmdx.runner.ablation.Ablation.Run;
import dmdx.runner.ablation.Estimate.Score;
import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AblationReportTests {
  @TempDir Path folder;
  private AblationSettings settings;
  private final List<Outcome> outcomes = new ArrayList<>();

  @BeforeEach
  void readsAFile() throws IOException {
    Files.writeString(folder.resolve("run.conf"), "");
    Path file = folder.resolve("t.conf");
    Files.writeString(
        file,
        """
        name = t, base = run.conf, runs = out, seeds = [1, 2, 3]
        rows {
          "A, \\"quoted\\"" {}
          "B | piped" {}
          "C broken" {}
        }
        report {
          baseline = "B | piped"
          teacher = true
          metrics = [a.garment, time.adm, a.garmant]
          expect = [
            "A, \\"quoted\\" < B | piped on a.garment"
            "teacher < B | piped on a.garment"
            "C broken < B | piped on a.garment"
          ]
        }
        """);
    settings = AblationSettings.read(file, folder);
  }

  private void finished(String row, int seed, double garment, double seconds) {
    Map<String, Score> student = new LinkedHashMap<>();
    student.put("a.garment", Score.of(garment));
    student.put("a.other", Score.of(7));
    student.put("time.adm", Score.of(seconds));
    Map<String, Score> teacher = Map.of("a.garment", Score.of(0.9 + seed / 1000.0));
    outcomes.add(new Outcome(run(row, seed), new RunScores(student, teacher), null));
  }

  private static Run run(String row, int seed) {
    String name = AblationSettings.folderName(row) + "-" + seed;
    return new Run(row, seed, Path.of(name), ConfigFactory.empty());
  }

  private AblationReport report() {
    for (int seed = 1; seed <= 3; seed++) {
      finished("A, \"quoted\"", seed, 0.5 + seed / 100.0, 20);
      finished("B | piped", seed, 0.7 + seed / 100.0, 10);
      outcomes.add(new Outcome(run("C broken", seed), null, "it\nbroke"));
    }
    return new AblationReport(settings, outcomes);
  }

  @Test
  void the_table_says_what_was_measured_and_what_failed() throws IOException {
    AblationReport report = report();
    report.write();
    assertTrue(report.hasFailures());
    // s = 0.01, t s / sqrt(3) = 4.303 * 0.00577 = 0.0248; the teacher's is a tenth
    assertEquals(
        """
        # t

        | row | runs | a.garment | time.adm | a.garmant |
        | --- | ---: | ---: | ---: | ---: |
        | A, "quoted" | 3 of 3 | 0.520 ± 0.025 | 20.00 ± 0.00 s (×2.00) | – |
        | B \\| piped | 3 of 3 | 0.720 ± 0.025 | 10.00 ± 0.00 s (×1.00) | – |
        | C broken | 0 of 3, 3 failed | failed | failed | failed |
        | teacher | 3 of 3 | 0.9020 ± 0.0025 | – | – |

        Mean ± 95 % t-interval over the seeds 1, 2, 3; differences are taken seed by seed.

        No run has a.garmant. Did you mean 'a.garment'? Measured: a.garment, a.other, time.adm.

        ## Expectations

        | expected | verdict | difference | measured |
        | --- | ---: | ---: | ---: |
        | A, "quoted" < B \\| piped on a.garment | holds | 0.2000 ± 0.0000 | 0.520 ± 0.025 < 0.720 ± 0.025 |
        | teacher < B \\| piped on a.garment | does not hold | -0.182 ± 0.022 | 0.9020 ± 0.0025 < 0.720 ± 0.025 |
        | C broken < B \\| piped on a.garment | not measured | – | – < 0.720 ± 0.025 |

        ## Failed

        - C broken, seed 1: it broke
        - C broken, seed 2: it broke
        - C broken, seed 3: it broke

        ## Plots

        ![plots/a.garment.svg](plots/a.garment.svg)

        ![plots/time.adm.svg](plots/time.adm.svg)
        """,
        Files.readString(folder.resolve("out/t/table.md")));
    String text = report.toString();
    assertTrue(text.contains("0.520 ± 0.025") && text.contains("does not hold"), text);
  }

  @Test
  void rows_are_compared_seed_by_seed() throws IOException {
    for (int seed = 1; seed <= 3; seed++) { // the seeds differ by more than the rows
      finished("A, \"quoted\"", seed, 0.1 * seed, 20);
      finished("B | piped", seed, 0.1 * seed + 0.02 + seed / 1000.0, 10);
    }
    new AblationReport(settings, outcomes).write();
    JsonNode json = new ObjectMapper().readTree(folder.resolve("out/t/ablation.json").toFile());
    assertEquals("holds", json.at("/expectations/0/verdict").asText());
    assertEquals(0.022, json.at("/expectations/0/difference/mean").asDouble(), 1e-9);
    assertTrue(json.at("/rows/0/metrics/a.garment/high").asDouble() > 0.4, "the intervals overlap");
  }

  @Test
  void the_long_form_has_every_score_of_every_run() throws IOException {
    report().write();
    List<String> lines = Files.readAllLines(folder.resolve("out/t/table.csv"));
    assertEquals("row,seed,metric,value", lines.get(0));
    assertEquals("\"A, \"\"quoted\"\"\",1,a.garment,0.51", lines.get(1));
    assertTrue(lines.contains("B | piped,3,a.other,7.0"), lines::toString);
    assertEquals(1 + 2 * 3 * 3 + 3, lines.size());
  }

  @Test
  void the_machine_readable_form_has_states_and_verdicts() throws IOException {
    report().write();
    JsonNode json = new ObjectMapper().readTree(folder.resolve("out/t/ablation.json").toFile());
    assertEquals("failed", json.at("/runs/2/state").asText());
    assertEquals(0.52, json.at("/rows/0/metrics/a.garment/mean").asDouble(), 1e-9);
    assertEquals(2, json.at("/rows/0/metrics/time.adm/relative").asDouble(), 1e-9);
    assertEquals("does-not-hold", json.at("/expectations/1/verdict").asText());
    assertEquals(-0.182, json.at("/expectations/1/difference/mean").asDouble(), 1e-9);
  }

  @Test
  void plots_are_drawn_for_what_was_measured() throws IOException {
    report().write();
    Path plots = folder.resolve("out/t/plots");
    assertTrue(Files.size(plots.resolve("a.garment.png")) > 5000);
    assertTrue(Files.readString(plots.resolve("a.garment.svg")).contains("<svg"));
    assertFalse(Files.exists(plots.resolve("a.garmant.png")));
    assertNull(IntervalPlot.of("a.garmant", List.of(), null));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 8, 13, 21})
  void a_plot_names_every_row(int count) {
    List<AblationReport.Row> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Map<Integer, Score> scores = Map.of(1, Score.of(i), 2, Score.of(i + 1));
      rows.add(new AblationReport.Row("row " + i, 2, 0, Map.of("a.b", scores)));
    }
    IntervalPlot plot = Objects.requireNonNull(IntervalPlot.of("a.b", rows, null));
    BufferedImage picture = plot.picture();
    int lines = 0;
    boolean before = false;
    for (int y = 0; y < picture.getHeight(); y++) {
      boolean inked = false;
      for (int x = 0; x < 100; x++) { // names alone are drawn this far to the left
        inked |= new Color(picture.getRGB(x, y)).getRed() < 0x60;
      }
      lines += inked && !before ? 1 : 0;
      before = inked;
    }
    assertEquals(count, lines);
  }

  @Test
  void reads_both_forms_of_intervals() throws IOException {
    Files.writeString(
        folder.resolve("evaluation.json"),
        """
        [{"model": "teacher", "evaluations": 50, "a": {"x": 0.9}},
         {"model": "after ADM", "evaluations": 1,
          "a": {"x": 0.5, "intervals": {"x": [0.4, 0.6]}},
          "b": {"y": {"value": 3, "low": 2, "high": 5}, "z": "NaN"}}]
        """);
    RunScores scores = RunScores.read(folder);
    assertEquals(new Score(0.5, 0.4, 0.6), scores.student().get("a.x"));
    assertEquals(new Score(3, 2, 5), scores.student().get("b.y"));
    assertEquals(Score.of(Double.NaN), scores.student().get("b.z"));
    assertEquals(Map.of("a.x", Score.of(0.9)), scores.teacher());
  }
}
