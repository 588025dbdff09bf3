package dmdx.api.settings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The problems of one configuration, shared by all its sections. */
final class Problems {
  private final Path base;
  private final Set<Problem> problems = new LinkedHashSet<>();

  private record Problem(Place place, String text) {}

  Problems(Path base) {
    this.base = base.toAbsolutePath().normalize();
  }

  /** The folder that relative paths start from, and that files are shown relative to. */
  Path base() {
    return base;
  }

  void add(Place place, String text) {
    problems.add(new Problem(place, text));
  }

  boolean isEmpty() {
    return problems.isEmpty();
  }

  /** Throws what was noted: files in the order of their first problem, lines in order. */
  void throwIfAny() {
    if (problems.isEmpty()) {
      return;
    }
    List<String> sources = problems.stream().map(p -> p.place().source()).distinct().toList();
    List<Problem> sorted = new ArrayList<>(problems);
    sorted.sort(
        Comparator.comparingInt((Problem p) -> sources.indexOf(p.place().source()))
            .thenComparingInt(p -> p.place().line()));
    throw new SettingsException(
        sorted.stream().map(p -> p.place().shown(base) + ": " + p.text()).toList());
  }
}
