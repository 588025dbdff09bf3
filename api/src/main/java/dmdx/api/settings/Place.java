package dmdx.api.settings;

import com.typesafe.config.ConfigOrigin;
import java.net.URL;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a value was written.
 *
 * @param source file, resource in a jar, or what else sets values ({@code -D adm.lr})
 * @param file the file, or null if the source is none
 * @param line line in it, from 1; 0 if unknown
 */
record Place(String source, @Nullable Path file, int line) {

  private static final String MERGED = "merge of ";
  private static final Pattern LINES = Pattern.compile("(.+?): (\\d+)(-\\d+)?");

  static final Place UNKNOWN = new Place("configuration", null, 0);

  /** The place of a value; for one merged from several files, the file that comes first. */
  static Place of(ConfigOrigin origin) {
    String description = origin.description();
    boolean merged = description.startsWith(MERGED);
    if (merged) {
      description = description.substring(MERGED.length()).split(",", 2)[0];
    }
    Matcher lines = LINES.matcher(description);
    boolean counted = lines.matches();
    String source = counted ? lines.group(1) : description;
    int line = counted && !merged ? Integer.parseInt(lines.group(2)) : 0;
    if (merged || origin.filename() != null) {
      Path file = file(source);
      return file == null ? new Place(source, null, 0) : new Place(file.toString(), file, line);
    }
    URL url = origin.url();
    if (url != null) {
      return new Place(resource(url), null, line);
    }
    return new Place(source, null, 0);
  }

  private static @Nullable Path file(String source) {
    try {
      Path file = Path.of(source);
      return file.isAbsolute() || source.endsWith(".conf") || source.endsWith(".json")
          ? file.toAbsolutePath().normalize()
          : null;
    } catch (InvalidPathException e) {
      return null;
    }
  }

  /** {@code jar:file:/lib/sdxl.jar!/META-INF/x.conf} as {@code sdxl.jar!/META-INF/x.conf}. */
  private static String resource(URL url) {
    String text = url.toString();
    int entry = text.indexOf("!/");
    return text.substring(text.lastIndexOf('/', entry < 0 ? text.length() : entry) + 1);
  }

  /** {@code run.conf:14}, with the file relative to {@code base} unless that leads far away. */
  String shown(Path base) {
    String name = source;
    if (file != null) {
      Path relative = base.relativize(file);
      boolean far = relative.startsWith(Path.of("..", "..", ".."));
      name = (far ? file : relative).toString();
    }
    return line > 0 ? name + ":" + line : name;
  }
}
