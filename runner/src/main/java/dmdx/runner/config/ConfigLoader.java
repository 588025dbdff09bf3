package dmdx.runner.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigValueFactory;
import dmdx.api.TeacherProvider;
import dmdx.api.settings.Names;
import dmdx.api.settings.SettingsException;
import dmdx.runner.plugin.PluginException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Reads a HOCON file with its includes and the overrides of the command line.
 *
 * <p>An include, {@code include "x.conf"} or {@code include file("x.conf")}, is relative to the
 * file that contains it. Unlike plain HOCON, an include of a file that does not exist is always an
 * error: a misspelt one would otherwise change a run silently.
 */
public final class ConfigLoader {

  /** Values that are read as HOCON; anything else given on the command line is a plain text. */
  private static final Pattern HOCON =
      Pattern.compile("[\\[{\"].*|.*\\$\\{.*|true|false|null|[-+]?[0-9.]+([eE][-+]?[0-9]+)?");

  private ConfigLoader() {}

  /**
   * A run's configuration: the file over the teacher's preset, if it names one, over the defaults
   * of {@code META-INF/dmdx/run.conf}.
   *
   * @param teachers finds a teacher plugin by name
   * @param file the configuration
   * @param overrides {@code key=value} each; a later one wins over an earlier one, all win over the
   *     file. The value is a number, {@code true}, {@code false}, {@code null}, HOCON in {@code []}
   *     or {@code {}}, or else a text
   * @return the resolved tree
   * @throws SettingsException if a file is missing, cannot be parsed or refers to unknown values
   */
  public static Config load(
      Path file, List<String> overrides, Function<String, TeacherProvider> teachers) {
    Config config = ConfigFactory.empty();
    for (String override : overrides) {
      config = override(override).withFallback(config);
    }
    return load(file, config, teachers);
  }

  /**
   * As {@link #load(Path, List, Function)}, with the overrides as a tree.
   *
   * @throws SettingsException if a file is missing, cannot be parsed or refers to unknown values
   */
  public static Config load(
      Path file, Config overrides, Function<String, TeacherProvider> teachers) {
    requireFile(file);
    try {
      Config own = overrides.withFallback(FileIncluder.parse(file));
      if (own.root().containsKey("rows") && own.root().containsKey("base")) {
        throw new SettingsException(
            List.of("%s: is an ablation. Run it with: dmdx ablate %s".formatted(file, file)));
      }
      return own.withFallback(preset(own, teachers)).withFallback(defaults()).resolve();
    } catch (ConfigException e) {
      throw at(e, file);
    }
  }

  /**
   * A file with its includes, which is no run's configuration: nothing fills its gaps.
   *
   * @throws SettingsException if a file is missing, cannot be parsed or refers to unknown values
   */
  public static Config read(Path file) {
    requireFile(file);
    try {
      return FileIncluder.parse(file).resolve();
    } catch (ConfigException e) {
      throw at(e, file);
    }
  }

  private static void requireFile(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new SettingsException(
          List.of(
              Files.isDirectory(file)
                  ? file + ": is a folder. Give the configuration file."
                  : file + ": no such configuration file."));
    }
  }

  private static Config preset(Config own, Function<String, TeacherProvider> teachers) {
    String key = "teacher.preset";
    ConfigResolveOptions partly = ConfigResolveOptions.defaults().setAllowUnresolved(true);
    Config resolved = own.resolve(partly);
    if (!resolved.hasPath(key) || !resolved.hasPath("teacher.plugin")) {
      return ConfigFactory.empty();
    }
    String name = resolved.getString(key);
    String plugin = resolved.getString("teacher.plugin");
    TeacherProvider teacher;
    try {
      teacher = teachers.apply(plugin);
    } catch (PluginException e) {
      throw SettingsException.at(
          resolved.getValue("teacher.plugin").origin(),
          Path.of(""),
          "'teacher.plugin' is '%s': %s".formatted(plugin, e.getMessage()));
    }
    ConfigObject presets = teacher.presets().resolve(partly).root();
    if (presets.get(name) instanceof ConfigObject preset) {
      return preset.toConfig();
    }
    throw SettingsException.at(
        resolved.getValue(key).origin(),
        Path.of(""),
        "'%s' is '%s', but the teacher plugin '%s' has %s.%s"
            .formatted(
                key,
                name,
                plugin,
                presets.isEmpty() ? "no presets" : "the presets " + Names.list(presets.keySet()),
                Names.hint(name, presets.keySet())));
  }

  private static Config defaults() {
    String resource = "META-INF/dmdx/run.conf";
    try (InputStream in =
        Objects.requireNonNull(
            ConfigLoader.class.getClassLoader().getResourceAsStream(resource), resource)) {
      return ConfigFactory.parseReader(
          new InputStreamReader(in, StandardCharsets.UTF_8),
          ConfigParseOptions.defaults().setOriginDescription("defaults"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Config override(String text) {
    int equals = text.indexOf('=');
    if (equals < 1) {
      throw new SettingsException(
          List.of("-D " + text + ": expected key=value, such as -D adm.iterations=100."));
    }
    String key = text.substring(0, equals).strip();
    String value = text.substring(equals + 1).strip();
    String origin = "-D " + key;
    try {
      return HOCON.matcher(value).matches()
          ? ConfigFactory.parseString(
              key + " = " + value, ConfigParseOptions.defaults().setOriginDescription(origin))
          : ConfigValueFactory.fromAnyRef(value, origin).atPath(key);
    } catch (ConfigException e) {
      throw new SettingsException(
          List.of(origin + ": cannot read '" + value + "': " + message(e) + "."));
    }
  }

  static SettingsException at(ConfigException e, Path file) {
    ConfigOrigin origin = e.origin();
    return origin == null
        ? new SettingsException(List.of(file + ": " + message(e) + "."))
        : SettingsException.at(origin, Path.of(""), message(e) + ".");
  }

  /** The message without the origin in front of it and without its last full stop. */
  private static String message(ConfigException e) {
    String text = String.valueOf(e.getMessage());
    ConfigOrigin origin = e.origin();
    if (origin != null && text.startsWith(origin.description() + ": ")) {
      text = text.substring(origin.description().length() + 2);
    }
    text = text.replace("Could not resolve substitution to a value: ", "nothing sets ");
    return text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
  }
}
