package dmdx.runner.cli;

import com.typesafe.config.Config;
import dmdx.api.settings.SettingsException;
import dmdx.runner.stage.FittedSettings;
import dmdx.runner.stage.FreeSpace;
import dmdx.runner.stage.FreeSpace.Shortage;
import dmdx.runner.stage.StageMemory;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Makes a run fit into memory. Settings are changed in order of what they cost: smaller
 * micro-batches cost a little time, recomputing a third more of it, lower precision some accuracy,
 * offloading much time, and adapters make another student.
 *
 * @param free what there is room for
 * @param before the memory of each stage as it is
 * @param after the same with the changes
 * @param changes {@code key=value} each, in the order they were made
 */
record MemoryFit(
    FreeSpace free, List<StageMemory> before, List<StageMemory> after, List<String> changes) {

  private static final List<String> TRAINED = List.of("pretrain", "adp", "adm");

  /** Where stages train whole networks, the largest first. */
  private static final Map<String, List<String>> NETWORKS =
      Map.of(
          "pretrain", List.of("pretrain.optimizer"),
          "adp", List.of("adp.student"),
          "adm", List.of("adm.fake", "adm.student"));

  /**
   * Looks for the cheapest changes.
   *
   * @param config the configuration as it is
   * @param free what there is room for
   * @param memory predicts the memory of a configuration's stages
   * @param mayChange tells the settings that may be changed
   */
  static MemoryFit search(
      Config config,
      FreeSpace free,
      Function<Config, List<StageMemory>> memory,
      Predicate<String> mayChange) {
    List<StageMemory> before = memory.apply(config);
    List<StageMemory> after = before;
    List<String> changes = new ArrayList<>();
    Set<String> ruledOut = new HashSet<>();
    Optional<Shortage> shortage = free.shortage(before);
    while (shortage.isPresent()) {
      Optional<String> next =
          options(FittedSettings.with(config, changes), shortage.get())
              .filter(change -> mayChange.test(key(change)) && !ruledOut.contains(change))
              .findFirst();
      if (next.isEmpty()) {
        return new MemoryFit(free, before, after, List.copyOf(changes));
      }
      List<String> more = new ArrayList<>(changes);
      more.removeIf(change -> key(change).equals(key(next.get())));
      more.add(next.get());
      List<StageMemory> needs = memory.apply(FittedSettings.with(config, more));
      if (free.shortOfDisk(needs) > free.shortOfDisk(after)) {
        ruledOut.add(next.get());
        continue;
      }
      changes = more;
      after = needs;
      shortage = free.shortage(after);
    }
    return new MemoryFit(free, before, after, List.copyOf(changes))
        .withoutTheNeedless(config, memory);
  }

  /** What later changes made unnecessary is taken back, the costliest first. */
  private MemoryFit withoutTheNeedless(Config config, Function<Config, List<StageMemory>> memory) {
    List<String> kept = new ArrayList<>(changes);
    List<StageMemory> needs = after;
    for (int i = kept.size() - 2; i >= 0; i--) {
      List<String> fewer = new ArrayList<>(kept);
      fewer.remove(i);
      List<StageMemory> then = memory.apply(FittedSettings.with(config, fewer));
      if (free.shortage(then).isEmpty()) {
        kept = fewer;
        needs = then;
      }
    }
    return new MemoryFit(free, before, needs, List.copyOf(kept));
  }

  /** Whether the run fits, with the changes if there are any. */
  boolean fits() {
    return free.shortage(after).isEmpty();
  }

  /** Changes that may make a shortage smaller, {@code key=value}, the cheapest first. */
  private static Stream<String> options(Config config, Shortage shortage) {
    String stage = shortage.stage();
    Stream<String> all =
        switch (shortage.of()) {
          case MEMORY ->
              Stream.of(
                      smaller(config, stage),
                      offloaded(config, stage, "none", "disk"),
                      adapters(config, stage))
                  .flatMap(changes -> changes);
          case GPU_MEMORY ->
              Stream.of(
                      smaller(config, stage),
                      Stream.of(on(config, "memory.offload-frozen")),
                      offloaded(config, stage, "none", "host"),
                      adapters(config, stage))
                  .flatMap(changes -> changes);
          case HOST_MEMORY ->
              Stream.concat(offloaded(config, stage, "host", "disk"), adapters(config, stage));
          case SCRATCH, FOLDER, SCRATCH_AND_FOLDER -> Stream.of();
        };
    return all.filter(change -> !change.isEmpty());
  }

  /** Less to keep of what is computed. */
  private static Stream<String> smaller(Config config, String stage) {
    boolean trains = TRAINED.contains(stage);
    String batch = stage + ".batch";
    return Stream.of(
        halved(config, trains ? stage + ".micro-batch" : batch, batch),
        halved(config, "teacher.sample-batch", "teacher.sample-batch"),
        trains ? on(config, "memory.recompute-activations") : "",
        set(config, "precision", "fp32", "bf16"));
  }

  private static Stream<String> offloaded(Config config, String stage, String from, String to) {
    return NETWORKS.getOrDefault(stage, List.of()).stream()
        .map(role -> set(config, role + ".offload", from, to));
  }

  private static Stream<String> adapters(Config config, String stage) {
    String student = set(config, "student.mode", "full", "lora");
    return switch (stage) {
      case "adp" -> Stream.of(student);
      case "adm" -> Stream.of(student, set(config, "adm.fake.mode", "full", "lora"));
      default -> Stream.of();
    };
  }

  /** Half the value, which then still divides the batch. */
  private static String halved(Config config, String key, String otherwise) {
    String read = config.hasPath(key) ? key : otherwise;
    if (!config.hasPath(read)) {
      return "";
    }
    int value = config.getInt(read);
    return value > 1 && value % 2 == 0 ? key + "=" + value / 2 : "";
  }

  private static String set(Config config, String key, String from, String to) {
    return config.hasPath(key) && config.getString(key).equals(from) ? key + "=" + to : "";
  }

  private static String on(Config config, String key) {
    return config.hasPath(key) && !config.getBoolean(key) ? key + "=true" : "";
  }

  private static String key(String change) {
    return change.substring(0, change.indexOf('='));
  }

  /**
   * @param file the configuration's file
   * @return the refusal of a run that does not fit
   */
  SettingsException refusal(String file) {
    Shortage at = free.shortage(before).orElseThrow();
    StringBuilder text = new StringBuilder();
    text.append(
        "%s: stage '%s' needs about %s %s, and %s are available."
            .formatted(file, at.stage(), shown(at.needed()), at.of().phrase(), shown(at.free())));
    Optional<Shortage> left = free.shortage(after);
    String settings = String.join(" ", changes.stream().map(change -> "-D " + change).toList());
    if (left.isEmpty()) {
      text.append(" It fits with %s, or run with --auto-fit.".formatted(settings));
    } else {
      if (!changes.isEmpty()) {
        text.append(
            " Even with %s it needs %s %s."
                .formatted(settings, shown(left.get().needed()), left.get().of().phrase()));
      }
      text.append(hint(left.get()));
    }
    text.append(" With --no-memory-check it is run all the same.");
    return new SettingsException(List.of(text.toString()));
  }

  private String hint(Shortage shortage) {
    return switch (shortage.of()) {
      case SCRATCH -> " Set 'scratch' to a folder with more room, or 'offload' to none.";
      case FOLDER ->
          " Set 'runs' to a folder with more room, or keep fewer checkpoints ('checkpoints-kept').";
      case SCRATCH_AND_FOLDER ->
          " Set 'scratch' or 'runs' to a folder on another disk, or keep fewer checkpoints ('checkpoints-kept').";
      case MEMORY, GPU_MEMORY, HOST_MEMORY ->
          changes.isEmpty()
              ? " No setting would make it fit. Use a machine with more memory."
              : " Use a machine with more memory, or smaller pictures.";
    };
  }

  static String shown(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1 << 30));
  }
}
