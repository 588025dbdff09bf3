package dmdx.api.settings;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import dmdx.api.GuidanceRange;
import java.math.BigDecimal;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
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
 * <p>Values convert as HOCON says, for the environment variables and command line options that
 * values may come from: a text that reads as a number or as {@code true} is accepted where one is
 * wanted, and a number where a text is wanted. A key set to {@code null} counts as absent.
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
  private static final int SHOWN = 60;

  private final Config config;
  private final String path;
  private final Place place;
  private final Problems problems;
  private final Set<String> read;
  private final Map<String, Settings> sections = new LinkedHashMap<>();

  private Settings(Config config, String path, Place place, Problems problems, Set<String> read) {
    this.config = config;
    this.path = path;
    this.place = place;
    this.problems = problems;
    this.read = read;
  }

  /**
   * @param config resolved configuration, defaults merged in
   * @param base folder that relative paths start from where a value does not come from a file; the
   *     files in error texts are shown relative to it
   */
  public static Settings of(Config config, Path base) {
    return new Settings(
        config, "", Place.of(config.root().origin()), new Problems(base), new TreeSet<>());
  }

  /** The sub-tree under {@code key}; empty if absent. Its unknown keys are this tree's. */
  public Settings section(String key) {
    read.add(key);
    return sections.computeIfAbsent(
        key,
        k -> {
          ConfigValue value = value(k);
          if (value instanceof ConfigObject object) {
            return child(k, object.toConfig(), Place.of(value.origin()));
          }
          if (value != null) {
            wrong(k, value, "a section { … }.");
          }
          return child(k, ConfigFactory.empty(), place);
        });
  }

  /**
   * The same sub-tree with {@code defaults} filling the gaps, as a plugin's own settings. Replaces
   * what {@link #section(String)} returns for the key, keeping what was read there.
   */
  public Settings section(String key, Config defaults) {
    Settings own = section(key);
    Settings merged =
        new Settings(own.config.withFallback(defaults), own.path, own.place, problems, own.read);
    merged.sections.putAll(own.sections);
    sections.put(key, merged);
    return merged;
  }

  /**
   * The sub-tree that belongs to a plugin. The plugin reads it and calls its {@link #finish()};
   * this tree's does not look into it.
   */
  public Settings plugin(String key, Config defaults) {
    Settings own = section(key, defaults);
    sections.remove(key);
    return own;
  }

  /** Accepts whatever is under {@code key}, unread. */
  public void ignore(String key) {
    read.add(key);
  }

  private Settings child(String key, Config sub, Place where) {
    return new Settings(sub, qualified(key), where, problems, new TreeSet<>());
  }

  /** The keys present here, in file order; this marks none of them as read. */
  public List<String> keys() {
    return config.root().entrySet().stream()
        .sorted(
            Comparator.comparingInt(
                    (Map.Entry<String, ConfigValue> e) -> e.getValue().origin().lineNumber())
                .thenComparing(Map.Entry::getKey))
        .map(Map.Entry::getKey)
        .toList();
  }

  /** Whether the key has a value other than null. The key counts as read. */
  public boolean has(String key) {
    read.add(key);
    return value(key) != null;
  }

  /** A whole number in {@code [low, high]}; 2.9 is an error, not 2. */
  public int integer(String key, int low, int high) {
    return scalar(key, low, "a whole number" + range(low, high), v -> toInteger(v, low, high));
  }

  /** A whole number that needs 64 bits, such as a seed. */
  public long longInteger(String key) {
    return scalar(key, 0L, "a whole number", Settings::toLong);
  }

  /**
   * A number in {@code [low, high]}. An infinite end means no bound; {@link Double#MIN_VALUE} as
   * the low end means positive.
   */
  public double number(String key, double low, double high) {
    return scalar(
        key, inRange(low, high), "a number" + range(low, high), v -> toNumber(v, low, high));
  }

  /** {@code true} or {@code false}; as in all of HOCON also yes or no, on or off. */
  public boolean flag(String key) {
    return scalar(key, false, "true or false", Settings::toFlag);
  }

  /** A non-empty text. */
  public String text(String key) {
    return scalar(key, "?", "a text", Settings::toText);
  }

  /** A text, or {@code null} where the key is absent. */
  public @Nullable String optionalText(String key) {
    return has(key) ? text(key) : null;
  }

  /** One of the given names. */
  public String choice(String key, List<String> names) {
    ConfigValue value = value(key);
    String found = value == null ? null : toText(value);
    String hint = found == null ? "" : Names.hint(found, names);
    return scalar(
        key,
        names.get(0),
        "one of " + String.join(", ", names),
        hint,
        v -> found != null && names.contains(found) ? found : null);
  }

  /**
   * A path; a relative one starts from the folder of the file that sets it, a leading {@code ~/} is
   * the user's home.
   */
  public Path path(String key) {
    return resolve(key, scalar(key, "?", "a path", Settings::toText));
  }

  /** A path, or {@code null} where the key is absent. */
  public @Nullable Path optionalPath(String key) {
    return has(key) ? path(key) : null;
  }

  private Path resolve(String key, String text) {
    ConfigValue value = value(key);
    Path file = value == null ? null : Place.of(value.origin()).file();
    return resolve(text, file, problems.base());
  }

  private static Path resolve(String text, @Nullable Path file, Path base) {
    if (text.startsWith("~/")) {
      return Path.of(System.getProperty("user.home"), text.substring(2)).normalize();
    }
    Path folder = file == null ? null : file.getParent();
    return (folder == null ? base : folder).resolve(text).normalize();
  }

  /**
   * What {@link #path} makes of a value, or {@code null} if it is no text of a file or none that
   * could be a path.
   */
  public static @Nullable Path pathOf(ConfigValue value) {
    Path file = Place.of(value.origin()).file();
    return file == null ? null : pathOf(value, file);
  }

  /**
   * What {@link #path} makes of a value, or {@code null} if it is no text or none that could be a
   * path.
   *
   * @param base folder that a relative path starts from where the value comes from no file
   */
  public static @Nullable Path pathOf(ConfigValue value, Path base) {
    if (value.valueType() != ConfigValueType.STRING) {
      return null;
    }
    String text = (String) value.unwrapped();
    try {
      return text.isBlank() ? null : resolve(text, Place.of(value.origin()).file(), base);
    } catch (InvalidPathException e) {
      return null;
    }
  }

  /** A list of whole numbers, each in {@code [low, high]}, at least one. */
  public List<Integer> integers(String key, int low, int high) {
    return integers(key, low, high, "a list of whole numbers");
  }

  /**
   * The same, of which a message says what it is.
   *
   * @param what such as {@code "[height, width] in whole numbers"}
   */
  public List<Integer> integers(String key, int low, int high, String what) {
    return list(key, low, what + range(low, high), v -> toInteger(v, low, high));
  }

  /** A list of numbers, each in {@code [low, high]}, at least one. */
  public List<Double> numbers(String key, double low, double high) {
    return list(
        key,
        inRange(low, high),
        "a list of numbers" + range(low, high),
        v -> toNumber(v, low, high));
  }

  /** A list of exactly {@code count} numbers, each in {@code [low, high]}. */
  public List<Double> numbers(String key, int count, double low, double high) {
    return scalar(
        key,
        Collections.nCopies(count, inRange(low, high)),
        "a list of " + count + " numbers" + range(low, high),
        value -> {
          List<Double> all =
              value instanceof ConfigList list
                  ? convertAll(list, element -> toNumber(element, low, high))
                  : null;
          return all == null || all.size() != count ? null : all;
        });
  }

  /** A list of texts, at least one. */
  public List<String> texts(String key) {
    return list(key, "?", "a list of texts", Settings::toText);
  }

  /** A list of the given names, at least one. */
  public List<String> choices(String key, List<String> names) {
    return list(
        key,
        names.get(0),
        "a list of names out of " + String.join(", ", names),
        value -> {
          String name = toText(value);
          return name != null && names.contains(name) ? name : null;
        });
  }

  /** A range of guidance scales, or {@code null} where the key is absent. */
  public @Nullable GuidanceRange optionalGuidance(String key) {
    return has(key) ? guidance(key) : null;
  }

  /** {@code [low, high]} with {@code 1 <= low <= high}, or one number for a fixed scale. */
  public GuidanceRange guidance(String key) {
    return scalar(
        key,
        new GuidanceRange(1, 1),
        "one guidance scale of at least 1, or two as [low, high]",
        value -> {
          List<Double> ends =
              value instanceof ConfigList list
                  ? convertAll(list, Settings::toScale)
                  : convertAll(List.of(value), Settings::toScale);
          if (ends == null || ends.isEmpty() || ends.size() > 2) {
            return null;
          }
          double low = ends.get(0);
          double high = ends.get(ends.size() - 1);
          return low <= high ? new GuidanceRange(low, high) : null;
        });
  }

  private static @Nullable Double toScale(ConfigValue value) {
    return toNumber(value, 1, Double.POSITIVE_INFINITY);
  }

  /** Notes a problem of this tree that no getter can see; reported by {@link #finish()}. */
  public void problem(String key, String message) {
    ConfigValue value = value(key);
    problems.add(
        value == null ? place : Place.of(value.origin()), "'" + qualified(key) + "' " + message);
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
      String key = entry.getKey();
      if (!read.contains(key)) {
        String valid =
            read.isEmpty()
                ? " No keys are valid here."
                : " Valid keys: " + String.join(", ", read) + ".";
        problems.add(
            Place.of(entry.getValue().origin()),
            "unknown key '" + qualified(key) + "'." + Names.hint(key, read) + valid);
      }
    }
    sections.values().forEach(Settings::unknownKeys);
  }

  private <T> T scalar(
      String key, T standIn, String expected, Function<ConfigValue, @Nullable T> convert) {
    return scalar(key, standIn, expected, "", convert);
  }

  private <T> T scalar(
      String key,
      T standIn,
      String expected,
      String hint,
      Function<ConfigValue, @Nullable T> convert) {
    read.add(key);
    ConfigValue value = value(key);
    if (value == null) {
      problem(key, "is missing. Set it to " + expected + ".");
      return standIn;
    }
    T converted = convert.apply(value);
    if (converted == null) {
      wrong(key, value, expected + "." + hint);
      return standIn;
    }
    return converted;
  }

  private <T> List<T> list(
      String key, T standIn, String expected, Function<ConfigValue, @Nullable T> convert) {
    return scalar(
        key,
        List.of(standIn),
        expected,
        v -> v instanceof ConfigList list && !list.isEmpty() ? convertAll(list, convert) : null);
  }

  private static <T> @Nullable List<T> convertAll(
      List<? extends ConfigValue> values, Function<ConfigValue, @Nullable T> convert) {
    List<T> converted = new ArrayList<>();
    for (ConfigValue value : values) {
      T one = convert.apply(value);
      if (one == null) {
        return null;
      }
      converted.add(one);
    }
    return List.copyOf(converted);
  }

  private static @Nullable Integer toInteger(ConfigValue value, int low, int high) {
    Long whole = toLong(value);
    return whole != null && whole >= low && whole <= high ? whole.intValue() : null;
  }

  private static @Nullable Long toLong(ConfigValue value) {
    BigDecimal number = toDecimal(value);
    try {
      return number == null ? null : number.longValueExact();
    } catch (ArithmeticException e) {
      return null;
    }
  }

  private static @Nullable Double toNumber(ConfigValue value, double low, double high) {
    BigDecimal decimal = toDecimal(value);
    if (decimal == null) {
      return null;
    }
    double number = decimal.doubleValue();
    return Double.isFinite(number) && number >= low && number <= high ? number : null;
  }

  private static @Nullable BigDecimal toDecimal(ConfigValue value) {
    String text = toText(value);
    if (text == null || text.length() > 64 || value.valueType() == ConfigValueType.BOOLEAN) {
      return null;
    }
    try {
      return new BigDecimal(text.strip());
    } catch (NumberFormatException e) {
      return null;
    }
  }

  private static @Nullable Boolean toFlag(ConfigValue value) {
    String text = toText(value);
    if (text == null) {
      return null;
    }
    return switch (text) {
      case "true", "yes", "on" -> Boolean.TRUE;
      case "false", "no", "off" -> Boolean.FALSE;
      default -> null;
    };
  }

  private static @Nullable String toText(ConfigValue value) {
    return switch (value.valueType()) {
      case STRING -> {
        String text = (String) value.unwrapped();
        yield text.isBlank() ? null : text;
      }
      case NUMBER, BOOLEAN -> written(value);
      case LIST, OBJECT, NULL -> null;
    };
  }

  /** A number as the file spells it: {@code 1e-4}, not {@code 1.0E-4}. */
  private static String written(ConfigValue scalar) {
    return scalar.atKey("value").getString("value");
  }

  private @Nullable ConfigValue value(String key) {
    ConfigValue value = config.root().get(key);
    return value == null || value.valueType() == ConfigValueType.NULL ? null : value;
  }

  private void wrong(String key, ConfigValue value, String expected) {
    problem(key, "is " + shown(value) + ". Set it to " + expected);
  }

  private static String shown(ConfigValue value) {
    String text =
        switch (value.valueType()) {
          case OBJECT -> "a section";
          case STRING -> "\"" + value.unwrapped() + "\"";
          case NUMBER, BOOLEAN -> written(value);
          case LIST, NULL -> value.render(ConfigRenderOptions.concise());
        };
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN - 1) + "…";
  }

  private static double inRange(double low, double high) {
    return Double.isFinite(low) ? low : Double.isFinite(high) ? high : 0;
  }

  private static String range(int low, int high) {
    return high == Integer.MAX_VALUE
        ? low == Integer.MIN_VALUE ? "" : " of at least " + low
        : " from " + low + " to " + high;
  }

  private static String range(double low, double high) {
    boolean below = low != Double.NEGATIVE_INFINITY;
    boolean above = high != Double.POSITIVE_INFINITY;
    if (low == Double.MIN_VALUE) {
      return " above 0" + (above ? " up to " + plain(high) : "");
    }
    if (below && above) {
      return " from " + plain(low) + " to " + plain(high);
    }
    return below ? " of at least " + plain(low) : above ? " of at most " + plain(high) : "";
  }

  private static String plain(double number) {
    return number == Math.rint(number) && Math.abs(number) < 1e15
        ? Long.toString((long) number)
        : Double.toString(number);
  }

  private String qualified(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
