package dmdx.nn.contract;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.api.Plugin;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What every plugin does with its settings. */
public final class SettingsContract {
  private static final String UNKNOWN = "no-such-setting";

  private SettingsContract() {}

  /**
   * The plugin opens with its defaults, reads every key of them, and names a key that it does not
   * know.
   *
   * @param own settings over the defaults that make it open
   * @param open opens the plugin; what it gives back is closed if it can be
   */
  public static List<String> problems(Plugin plugin, Config own, Function<Settings, ?> open) {
    return problems(plugin, own, open, opened -> List.of());
  }

  /**
   * The same, and the problems of what the plugin opens.
   *
   * @param check tells them
   */
  static <T> List<String> problems(
      Plugin plugin, Config own, Function<Settings, T> open, Function<T, List<String>> check) {
    Findings findings = new Findings();
    findings.require(
        plugin.name().matches("[a-z0-9]+(-[a-z0-9]+)*"),
        "name '%s': is not in lower case with hyphens",
        plugin.name());
    findings.require(
        !plugin.description().isBlank() && plugin.description().lines().count() == 1,
        "description: is not one line");
    Config config = own.withFallback(plugin.defaults());
    Settings known = Settings.of(config, Path.of("."));
    findings.part(
        "settings",
        () -> {
          T opened = open.apply(known);
          try {
            check.apply(opened).forEach(findings::add);
          } finally {
            close(opened);
          }
        });
    findings.part("settings", known::finish);
    Config more = ConfigFactory.parseString(UNKNOWN + " = 1").withFallback(config);
    try {
      close(open.apply(Settings.of(more, Path.of("."))));
      findings.add("settings: a key that does not exist is no error; call Settings.finish()");
    } catch (SettingsException e) {
      findings.require(
          e.problems().stream().anyMatch(problem -> problem.contains(UNKNOWN)),
          "settings: the error does not name the key that does not exist: %s",
          e.problems());
    } catch (RuntimeException e) {
      findings.add("settings: a key that does not exist is reported as " + e);
    }
    return findings.list();
  }

  private static void close(@Nullable Object opened) {
    if (opened instanceof dmdx.api.Teacher teacher) {
      teacher.close();
    } else if (opened instanceof dmdx.api.DiscriminatorBackbone backbone) {
      backbone.close();
    }
  }
}
