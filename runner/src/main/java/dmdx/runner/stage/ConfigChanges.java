package dmdx.runner.stage;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** What differs between the configuration of a run's folder and the one at hand. */
final class ConfigChanges {
  /** Settings that may change between two runs of the same folder. */
  private static final List<String> FREE =
      List.of(
          "runs",
          "device",
          "scratch",
          "stages",
          "sample",
          "evaluate",
          "metrics",
          "monitor",
          "memory",
          "teacher.conditioning-cache-mib");

  private ConfigChanges() {}

  static List<String> between(Path file, Config now) {
    Config before = ConfigFactory.parseFile(file.toFile());
    TreeSet<String> paths = new TreeSet<>();
    before.entrySet().forEach(e -> paths.add(e.getKey()));
    now.entrySet().forEach(e -> paths.add(e.getKey()));
    List<String> changes = new ArrayList<>();
    for (String path : paths) {
      if (isFree(path)) {
        continue;
      }
      String old = shown(before, path);
      String current = shown(now, path);
      if (!old.equals(current)) {
        changes.add("'%s' was %s and is %s".formatted(path, old, current));
      }
    }
    return changes;
  }

  /** Whether a setting has no part in what is trained. */
  static boolean isFree(String path) {
    return path.endsWith("log-every")
        || path.endsWith("sample-every")
        || path.endsWith("checkpoint-every")
        || path.endsWith("checkpoints-kept")
        || path.endsWith(".offload")
        || FREE.stream().anyMatch(free -> path.equals(free) || path.startsWith(free + "."));
  }

  /** A setting as a configuration has it. */
  static String shown(Config config, String path) {
    if (!config.hasPath(path)) {
      return "absent";
    }
    ConfigValue value = config.getValue(path);
    return value.render(com.typesafe.config.ConfigRenderOptions.concise());
  }
}
