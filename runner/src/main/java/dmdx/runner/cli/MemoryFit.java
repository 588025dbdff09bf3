package dmdx.runner.cli;

import com.typesafe.config.Config;
import dmdx.api.settings.SettingsException;
import dmdx.runner.stage.FittedSettings;
import dmdx.runner.stage.StageMemory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Makes a run fit into memory. Settings are changed in order of what they cost: smaller
 * micro-batches cost a little time, recomputing a third more of it, lower precision some accuracy,
 * and adapters make another student.
 *
 * @param changes {@code key=value} each, in the order they were made
 * @param needs the memory of each stage with these changes
 * @param fits whether that is enough
 */
record MemoryFit(List<String> changes, List<StageMemory> needs, boolean fits) {

  private static final List<String> TRAINED = List.of("pretrain", "adp", "adm");

  /**
   * Looks for the cheapest changes.
   *
   * @param config the configuration as it is
   * @param available bytes
   * @param memory predicts the memory of a configuration's stages
   * @param mayChange tells the settings that may be changed
   */
  static MemoryFit search(
      Config config,
      long available,
      Function<Config, List<StageMemory>> memory,
      Predicate<String> mayChange) {
    List<String> changes = new ArrayList<>();
    List<StageMemory> needs = memory.apply(config);
    while (peak(needs).total() > available) {
      String next = next(config, peak(needs).stage(), mayChange);
      if (next.isEmpty()) {
        return new MemoryFit(List.copyOf(changes), needs, false);
      }
      config = FittedSettings.with(config, List.of(next));
      String key = key(next);
      changes.removeIf(change -> key(change).equals(key));
      changes.add(next);
      needs = memory.apply(config);
    }
    return new MemoryFit(List.copyOf(changes), needs, true);
  }

  static StageMemory peak(List<StageMemory> needs) {
    return needs.stream().max(Comparator.comparingLong(StageMemory::total)).orElseThrow();
  }

  /** The next cheapest change for a stage, {@code key=value}; empty if there is none left. */
  private static String next(Config config, String stage, Predicate<String> mayChange) {
    Stream<String> smaller =
        TRAINED.contains(stage)
            ? halved(config, stage + ".micro-batch", stage + ".batch")
            : stage.equals("collect")
                ? halved(config, "collect.batch", "collect.batch")
                : Stream.concat(
                    halved(config, "teacher.sample-batch", "teacher.sample-batch"),
                    stage.equals("evaluate")
                        ? halved(config, "evaluate.batch", "evaluate.batch")
                        : Stream.of());
    Stream<String> others =
        TRAINED.contains(stage)
            ? Stream.of(
                set(config, "memory.recompute-activations", "false", "true"),
                set(config, "precision", "fp32", "bf16"),
                set(config, "student.mode", "full", "lora"),
                set(config, "adm.fake.mode", "full", "lora"))
            : Stream.of(set(config, "precision", "fp32", "bf16"));
    return Stream.concat(smaller, others)
        .filter(change -> !change.isEmpty() && mayChange.test(key(change)))
        .findFirst()
        .orElse("");
  }

  /** Half the value, which then still divides the batch. */
  private static Stream<String> halved(Config config, String key, String otherwise) {
    String read = config.hasPath(key) ? key : otherwise;
    if (!config.hasPath(read)) {
      return Stream.of();
    }
    int value = config.getInt(read);
    return value > 1 && value % 2 == 0 ? Stream.of(key + "=" + value / 2) : Stream.of();
  }

  private static String set(Config config, String key, String from, String to) {
    return config.hasPath(key) && config.getString(key).equals(from) ? key + "=" + to : "";
  }

  private static String key(String change) {
    return change.substring(0, change.indexOf('='));
  }

  /**
   * @param file the configuration's file
   * @param before what the stages need as they are
   * @return the refusal of a run that does not fit
   */
  SettingsException refusal(String file, List<StageMemory> before, long available) {
    StageMemory stage = peak(before);
    StringBuilder text = new StringBuilder();
    text.append(
        "%s: stage '%s' needs about %s of memory, and %s are available."
            .formatted(file, stage.stage(), shown(stage.total()), shown(available)));
    if (fits) {
      text.append(" It fits with ").append(options()).append(", or run with --auto-fit.");
    } else if (changes.isEmpty()) {
      text.append(" No setting would make it fit. Use a machine with more memory.");
    } else {
      text.append(
          " Even with %s it needs %s. Use a machine with more memory, or smaller pictures."
              .formatted(options(), shown(peak(needs).total())));
    }
    text.append(" With --no-memory-check it is run all the same.");
    return new SettingsException(List.of(text.toString()));
  }

  private String options() {
    return String.join(" ", changes.stream().map(change -> "-D " + change).toList());
  }

  static String shown(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
  }
}
