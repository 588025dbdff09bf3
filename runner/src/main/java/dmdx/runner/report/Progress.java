package dmdx.runner.report;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * How far a stage is, on standard error: a bar with the remaining time and a few values on a
 * terminal, a line every half minute elsewhere.
 */
public final class Progress implements AutoCloseable {
  private static final int SHOWN_VALUES = 4;
  private static final int WIDTH = 110;
  private static final Duration BETWEEN_LINES = Duration.ofSeconds(30);

  private final String task;
  private final long total;
  private final PrintStream out;
  private final boolean terminal;
  private @Nullable ProgressBar bar;
  private final long start = System.nanoTime();
  private long firstStep = -1;
  private long step;
  private long lastLine = start;
  private String values = "";

  private Progress(String task, long total, PrintStream out, boolean terminal) {
    this.task = task;
    this.total = total;
    this.out = out;
    this.terminal = terminal;
  }

  /**
   * @param task name of the stage
   * @param total number of steps
   */
  public static Progress start(String task, long total) {
    return start(task, total, System.err, Terminal.isError());
  }

  /** Shows nothing. */
  public static Progress silent() {
    return start("", 1, new PrintStream(OutputStream.nullOutputStream(), false, UTF_8), false);
  }

  static Progress start(String task, long total, PrintStream out, boolean terminal) {
    return new Progress(task, total, out, terminal);
  }

  private ProgressBar bar(long from) {
    return new ProgressBarBuilder()
        .setTaskName(task)
        .setInitialMax(total)
        .startsFrom(from, Duration.ZERO)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(500)
        .setConsumer(new ConsoleProgressBarConsumer(out, WIDTH))
        .build();
  }

  /**
   * @param done steps done so far; the first call tells where the stage resumed
   */
  public void stepTo(long done) {
    step = done;
    if (firstStep < 0) {
      firstStep = done;
      bar = terminal ? bar(done) : null;
    }
    if (bar != null) {
      bar.setExtraMessage(each() + values);
      bar.stepTo(done);
      return;
    }
    long now = System.nanoTime();
    if (now - lastLine >= BETWEEN_LINES.toNanos() && done < total) {
      line(now);
    }
  }

  /**
   * @param done steps done so far
   * @param latest values to show, the first four of them
   */
  public void stepTo(long done, Map<String, Double> latest) {
    if (!latest.isEmpty()) {
      values = shown(latest);
    }
    stepTo(done);
  }

  private void line(long now) {
    lastLine = now;
    StringJoiner line = new StringJoiner(", ");
    line.add("%s %d of %d".formatted(task, step, total));
    double each = secondsEach(now);
    if (each > 0) {
      line.add(String.format(Locale.ROOT, "%.3g s each", each));
      if (step < total) {
        line.add(time(each * (total - step)) + " left");
      }
    }
    if (!values.isEmpty()) {
      line.add(values);
    }
    out.println(line);
  }

  private String each() {
    double each = secondsEach(System.nanoTime());
    return each > 0 ? String.format(Locale.ROOT, "%.3g s each ", each) : "";
  }

  /** Seconds a step took on average since the stage started or resumed; 0 before the first. */
  private double secondsEach(long now) {
    long steps = step - firstStep;
    return firstStep < 0 || steps <= 0 ? 0 : (now - start) / 1e9 / steps;
  }

  static String time(double seconds) {
    long s = Math.round(seconds);
    return s < 3600
        ? "%d:%02d".formatted(s / 60, s % 60)
        : "%d:%02d:%02d".formatted(s / 3600, s / 60 % 60, s % 60);
  }

  private static String shown(Map<String, Double> values) {
    StringJoiner text = new StringJoiner(" ");
    values.entrySet().stream()
        .limit(SHOWN_VALUES)
        .forEach(e -> text.add(e.getKey() + String.format(Locale.ROOT, " %.4g", e.getValue())));
    return text.toString();
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    } else if (!terminal) {
      line(System.nanoTime());
    }
  }
}
