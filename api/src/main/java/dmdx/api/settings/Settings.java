package dmdx.api.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import dmdx.api.GuidanceRange;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A sub-tree of the configuration that remembers what was read.
 *
 * <p>Getters never throw on a wrong value: they note the problem and return a stand-in that is in
 * range, so that one reading finds every problem of a file. {@link #finish()} adds the unknown keys
 * and throws if there was any problem. Nothing may be built from settings before that.
 *
 * <pre>{@code
 * record SamSettings(List<Integer> layers) {
 *   static SamSettings from(Settings s) {
 *     return new SamSettings(s.integers("layers", 1, 64));
 *   }
 * }
 * }</pre>
 */
public final class Settings {
  private final Config config;
  private final String path;
  private final Problems problems;
  private final Set<String> read = new TreeSet<>();
  private final Map<String, Settings> sections = new LinkedHashMap<>();

  private Settings(Config config, String path, Problems problems) {
    this.config = config;
    this.path = path;
    this.problems = problems;
  }

  /**
   * @param config resolved configuration, defaults merged in
   * @param base folder that relative paths start from where a value does not come from a file
   */
  public static Settings of(Config config, Path base) {
    return new Settings(config, "", new Problems(base));
  }

  /** The sub-tree under {@code key}; empty if absent. Its unknown keys are this tree's. */
  public Settings section(String key) {
    read.add(key);
    return sections.computeIfAbsent(
        key,
        k -> {
          ConfigValue value = value(k);
          Config sub = ConfigFactory.empty();
          if (value instanceof ConfigObject object) {
            sub = object.toConfig();
          } else if (value != null) {
            wrong(k, value, "a section { … }");
          }
          return new Settings(sub, qualified(k), problems);
        });
  }

  /** The same sub-tree with {@code defaults} filling the gaps, as a plugin's own settings. */
  public Settings section(String key, Config defaults) {
    read.add(key);
    Settings own = section(key);
    Settings merged = new Settings(own.config.withFallback(defaults), own.path, problems);
    sections.put(key, merged);
    return merged;
  }

  /** Sub-tree names present here, in file order; reading them marks nothing as read. */
  public List<String> keys() {
    return List.copyOf(config.root().keySet());
  }

  /** Whether the key has a value other than null. */
  public boolean has(String key) {
    return value(key) != null;
  }

  /** A whole number in {@code [low, high]}; 2.9 is an error, not 2. */
  public int integer(String key, int low, int high) {
    return scalar(
        key,
        low,
        "a whole number from %d to %d".formatted(low, high),
        v ->
            v instanceof Number n
                    && n.doubleValue() == Math.rint(n.doubleValue())
                    && n.doubleValue() >= low
                    && n.doubleValue() <= high
                ? n.intValue()
                : null);
  }

  /** A whole number that needs 64 bits, such as a seed. */
  public long longInteger(String key) {
    return scalar(
        key,
        0L,
        "a whole number",
        v -> v instanceof Integer || v instanceof Long ? ((Number) v).longValue() : null);
  }

  /** A number in {@code [low, high]}. */
  public double number(String key, double low, double high) {
    return scalar(
        key,
        low,
        "a number from %s to %s".formatted(low, high),
        v ->
            v instanceof Number n && n.doubleValue() >= low && n.doubleValue() <= high
                ? n.doubleValue()
                : null);
  }

  /** {@code true} or {@code false}. */
  public boolean flag(String key) {
    return scalar(key, false, "true or false", v -> v instanceof Boolean b ? b : null);
  }

  /** A non-empty text. */
  public String text(String key) {
    return scalar(key, "?", "a text", v -> v instanceof String s && !s.isEmpty() ? s : null);
  }

  /** A text, or {@code null} where the key is absent. */
  public @Nullable String optionalText(String key) {
    read.add(key);
    return has(key) ? text(key) : null;
  }

  /** One of the given names. */
  public String choice(String key, List<String> names) {
    return scalar(
        key,
        names.get(0),
        "one of " + String.join(", ", names),
        v -> v instanceof String s && names.contains(s) ? s : null);
  }

  /** A path; relative ones start from the folder of the file that sets it. */
  public Path path(String key) {
    return resolve(key, text(key));
  }

  /** A path, or {@code null} where the key is absent. */
  public @Nullable Path optionalPath(String key) {
    String text = optionalText(key);
    return text == null ? null : resolve(key, text);
  }

  private Path resolve(String key, String text) {
    ConfigValue value = value(key);
    String file = value == null ? null : value.origin().filename();
    Path folder = file == null ? problems.base() : Path.of(file).toAbsolutePath().getParent();
    return folder == null ? Path.of(text) : folder.resolve(text).normalize();
  }

  /** A list of whole numbers, each in {@code [low, high]}, at least one. */
  public List<Integer> integers(String key, int low, int high) {
    return list(
        key,
        List.of(low),
        "a list of whole numbers from %d to %d".formatted(low, high),
        v ->
            v instanceof Number n
                    && n.doubleValue() == Math.rint(n.doubleValue())
                    && n.doubleValue() >= low
                    && n.doubleValue() <= high
                ? n.intValue()
                : null);
  }

  /** A list of numbers, each in {@code [low, high]}, at least one. */
  public List<Double> numbers(String key, double low, double high) {
    return list(
        key,
        List.of(low),
        "a list of numbers from %s to %s".formatted(low, high),
        v ->
            v instanceof Number n && n.doubleValue() >= low && n.doubleValue() <= high
                ? n.doubleValue()
                : null);
  }

  /** A list of texts, at least one. */
  public List<String> texts(String key) {
    return list(
        key,
        List.of("?"),
        "a list of texts",
        v -> v instanceof String s && !s.isEmpty() ? s : null);
  }

  /** {@code [low, high]}, guidance scales of at least 1. */
  public GuidanceRange guidance(String key) {
    List<Double> ends = numbers(key, 1, 100);
    if (ends.size() == 2 && ends.get(0) <= ends.get(1)) {
      return new GuidanceRange(ends.get(0), ends.get(1));
    }
    if (problems.isEmpty()) {
      wrong(key, value(key), "two numbers [low, high], 1 <= low <= high");
    }
    return new GuidanceRange(1, 1);
  }

  /** Notes a problem of this tree that no getter can see; reported by {@link #finish()}. */
  public void problem(String key, String message) {
    problems.add(where(value(key)) + ": '" + qualified(key) + "' " + message);
  }

  /** Whether any problem has been noted so far, in any section of the whole configuration. */
  public boolean hasProblems() {
    return !problems.isEmpty();
  }

  /**
   * Adds the keys nobody read, here and in every section, and throws if there is any problem.
   *
   * @throws SettingsException with all problems
   */
  public void finish() {
    unknownKeys();
    problems.throwIfAny();
  }

  private void unknownKeys() {
    for (Map.Entry<String, ConfigValue> entry : config.root().entrySet()) {
      if (!read.contains(entry.getKey())) {
        String message = "unknown key '" + qualified(entry.getKey()) + "'.";
        String nearest = Names.nearest(entry.getKey(), read);
        if (nearest != null) {
          message += " Did you mean '" + nearest + "'?";
        }
        message +=
            read.isEmpty()
                ? " No keys are valid here."
                : " Valid keys: " + String.join(", ", read) + ".";
        problems.add(where(entry.getValue()) + ": " + message);
      }
    }
    sections.values().forEach(Settings::unknownKeys);
  }

  private <T> T scalar(
      String key, T standIn, String expected, Function<Object, @Nullable T> convert) {
    read.add(key);
    ConfigValue value = value(key);
    if (value == null) {
      problems.add(
          where(config.root())
              + ": '"
              + qualified(key)
              + "' is missing. Set it to "
              + expected
              + ".");
      return standIn;
    }
    T converted = convert.apply(value.unwrapped());
    if (converted == null) {
      wrong(key, value, expected);
      return standIn;
    }
    return converted;
  }

  private <T> List<T> list(
      String key, List<T> standIn, String expected, Function<Object, @Nullable T> convert) {
    return scalar(
        key,
        standIn,
        expected,
        v -> {
          if (!(v instanceof List<?> raw) || raw.isEmpty()) {
            return null;
          }
          List<T> converted = new ArrayList<>();
          for (Object element : raw) {
            T one = convert.apply(element);
            if (one == null) {
              return null;
            }
            converted.add(one);
          }
          return List.copyOf(converted);
        });
  }

  private @Nullable ConfigValue value(String key) {
    ConfigValue value = config.root().get(key);
    return value == null || value.valueType() == ConfigValueType.NULL ? null : value;
  }

  private void wrong(String key, @Nullable ConfigValue value, String expected) {
    String found = value == null ? "missing" : shown(value);
    problems.add(
        where(value) + ": '" + qualified(key) + "' is " + found + ". Set it to " + expected + ".");
  }

  private static String shown(ConfigValue value) {
    if (value instanceof ConfigList list) {
      return list.unwrapped().toString();
    }
    return value instanceof ConfigObject ? "a section" : String.valueOf(value.unwrapped());
  }

  private String qualified(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static String where(@Nullable ConfigValue value) {
    if (value == null) {
      return "configuration";
    }
    ConfigOrigin origin = value.origin();
    String file =
        origin.filename() != null
            ? Path.of(origin.filename()).getFileName().toString()
            : origin.description();
    return origin.lineNumber() > 0 && origin.filename() != null
        ? file + ":" + origin.lineNumber()
        : file;
  }
}
