package dmdx.runner.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A run's folder as a run leaves it, written by hand. */
public final class SomeRun {
  /** Ends a script, if a page lets it. */
  public static final String HOSTILE = "</script><script>alert('\"&1')</script>";

  private final Path folder;

  /** Makes an empty folder. */
  public SomeRun(Path folder) throws IOException {
    this.folder = Files.createDirectories(folder);
  }

  public Path folder() {
    return folder;
  }

  /** Two training stages, the second stopped, with a hostile prompt, grids and scores. */
  public SomeRun complete() throws IOException {
    write(
        "config.conf",
        """
        {"name": "some", "seed": 7, "stages": ["collect", "adp", "adm", "sample", "evaluate"],
         "collect": {"pairs": 64, "shard": 32},
         "adp": {"iterations": 40, "divergence": "adversarial", "pixel-weight": 0.15},
         "adm": {"iterations": 100, "divergence": "adm", "student": {"learning-rate": 1e-4}},
         "adversarial": "hinge", "latent-discriminator": {"heads": "conv"},
         "pixel-discriminator": {"plugin": "sam", "heads": "mlp"},
         "teacher": {"plugin": "sdxl"}, "prompts": {"list": ["%s"]}}
        """
            .formatted(HOSTILE.replace("\"", "\\\"")));
    write("collect/pairs-00000.safetensors", "");
    write("collect/pairs-00001.safetensors", "");
    write("adp/student/config.json", "{}");
    for (int i = 1; i <= 20; i++) {
      append("adp", line("adp", 2 * i, "\"loss/velocity\": %s".formatted(1.0 / i)));
      append(
          "adm",
          line(
              "adm",
              2 * i,
              "\"loss/student\": %s, \"loss/fake\": 0.5, \"margin/critic\": 0.01, \"dmd-loss\": \"NaN\", \"own/thing\": 3"
                  .formatted(Math.sin(i))));
    }
    picture("adm/samples/00000020.png");
    picture("adm/samples/00000040.png");
    picture("comparison.png");
    write(
        "evaluation.json",
        """
        [{"model": "teacher, 25 steps", "evaluations": 50,
          "accuracy": {"garment": 0.93, "colour": {"value": 1.0, "low": 0.98, "high": 1.0}}},
         {"model": "after ADM", "evaluations": 1, "frechet": 0.5,
          "accuracy": {"garment": 0.81, "colour": 0.9, "intervals": {"garment": [0.75, 0.86]}}}]
        """);
    return this;
  }

  /** A line as a training stage logs it. */
  public static String line(String stage, int iteration, String values) {
    return "{\"stage\": \"%s\", \"iteration\": %d, \"time\": \"2026-01-01T12:00:00Z\", %s, \"seconds\": 0.25}\n"
        .formatted(stage, iteration, values);
  }

  /** Appends text to a stage's metrics. */
  public void append(String stage, String text) throws IOException {
    Path file = folder.resolve(stage).resolve("metrics.jsonl");
    Files.createDirectories(folder.resolve(stage));
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  public void write(String file, String text) throws IOException {
    Path path = folder.resolve(file);
    Files.createDirectories(folder.resolve(file).toAbsolutePath().getParent());
    Files.writeString(path, text, StandardCharsets.UTF_8);
  }

  public void picture(String file) {
    BufferedImage image = new BufferedImage(64, 32, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    g.setColor(Color.ORANGE);
    g.fillRect(8, 8, 20, 16);
    g.dispose();
    PngWriter.write(image, folder.resolve(file));
  }
}
