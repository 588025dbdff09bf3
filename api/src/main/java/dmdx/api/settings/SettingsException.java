package dmdx.api.settings;

import com.typesafe.config.ConfigOrigin;
import java.nio.file.Path;
import java.util.List;

/** A configuration is wrong. {@link #problems()} lists everything found, in file order. */
public final class SettingsException extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private final List<String> problems;

  public SettingsException(List<String> problems) {
    super(String.join(System.lineSeparator(), problems));
    this.problems = List.copyOf(problems);
  }

  /**
   * One problem at a known place.
   *
   * @param base folder that the file is shown relative to
   */
  public static SettingsException at(ConfigOrigin origin, Path base, String problem) {
    String where = Place.of(origin).shown(base.toAbsolutePath().normalize());
    return new SettingsException(List.of(where + ": " + problem));
  }

  public List<String> problems() {
    return problems;
  }
}
