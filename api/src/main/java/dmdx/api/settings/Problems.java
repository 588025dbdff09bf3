package dmdx.api.settings;

import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The problems of one configuration, shared by all its sections. */
final class Problems {
  private final Path base;
  private final Set<String> messages = new LinkedHashSet<>();

  Problems(Path base) {
    this.base = base;
  }

  Path base() {
    return base;
  }

  void add(String message) {
    messages.add(message);
  }

  boolean isEmpty() {
    return messages.isEmpty();
  }

  void throwIfAny() {
    if (!messages.isEmpty()) {
      throw new SettingsException(List.copyOf(messages));
    }
  }
}
