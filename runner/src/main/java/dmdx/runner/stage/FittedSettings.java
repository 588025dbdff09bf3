package dmdx.runner.stage;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.api.CheckpointException;
import dmdx.api.settings.Settings;
import dmdx.nn.weights.Unreadable;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.report.RunFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * {@code fitted.json} in a run's folder: the settings that were changed so that the run fits into
 * memory, with which it goes on.
 *
 * <pre>
 * {"adm.micro-batch": {"from": "4", "to": "2"}, "precision": {"from": "fp32", "to": "bf16"}}
 * </pre>
 *
 * A setting that the configuration has changed since is not set: who changes it means it.
 *
 * @param run the run's folder
 * @param changes by setting
 */
public record FittedSettings(Path run, Map<String, Change> changes) implements StageWatch {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String FILE = "fitted.json";

  /**
   * @param from the value in the configuration, {@code absent} if it has none
   * @param to what it was set to
   */
  public record Change(String from, String to) {}

  public FittedSettings {
    changes = Map.copyOf(changes);
  }

  /**
   * Those that a run was begun with; none if it has not begun.
   *
   * @param config the run's configuration
   * @param base folder that relative paths start from where a value comes from no file
   * @throws CheckpointException if the file cannot be read
   */
  public static FittedSettings of(Config config, Path base) {
    Settings settings = Settings.of(config, base);
    Path run = settings.path("runs").resolve(RunFolder.name(settings));
    Path file = run.resolve(FILE);
    if (Files.notExists(file)) {
      return new FittedSettings(run, Map.of());
    }
    try {
      return new FittedSettings(
          run, JSON.readValue(file.toFile(), new TypeReference<Map<String, Change>>() {}));
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s). Delete it and give its settings with -D."
              .formatted(file, Unreadable.why(e)),
          e);
    }
  }

  /** Those of {@link #changes} that are made to a configuration, {@code key=value}, sorted. */
  public List<String> in(Config config) {
    return new TreeMap<>(changes)
        .entrySet().stream()
            .filter(e -> ConfigChanges.shown(config, e.getKey()).equals(e.getValue().from()))
            .map(e -> e.getKey() + "=" + e.getValue().to())
            .toList();
  }

  /** A configuration with some settings changed, {@code key=value} each. */
  public static Config with(Config config, List<String> changes) {
    Config changed = config;
    for (String change : changes) {
      changed = ConfigFactory.parseString(change).withFallback(changed).resolve();
    }
    return changed;
  }

  /**
   * These, and further ones.
   *
   * @param config what the further ones are made to
   * @param further {@code key=value} each
   */
  public FittedSettings and(Config config, List<String> further) {
    Map<String, Change> all = new TreeMap<>(changes);
    for (String change : further) {
      int equals = change.indexOf('=');
      String key = change.substring(0, equals);
      Change earlier = all.get(key);
      String from = earlier == null ? ConfigChanges.shown(config, key) : earlier.from();
      all.put(key, new Change(from, change.substring(equals + 1)));
    }
    return new FittedSettings(run, all);
  }

  /** Whether a setting may be changed now: a run that has begun goes on as it began. */
  public boolean mayChange(String key) {
    return Files.notExists(run.resolve(RunFolder.CONFIG)) || ConfigChanges.isFree(key);
  }

  /** Keeps them. */
  @Override
  public void begins(String stage) {
    if (!changes.isEmpty()) {
      try {
        Folders.replace(run.resolve(FILE), JSON.writeValueAsBytes(new TreeMap<>(changes)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  public void ended(String stage) {}
}
