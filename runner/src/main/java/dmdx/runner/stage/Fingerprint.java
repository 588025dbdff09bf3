package dmdx.runner.stage;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeSet;

/**
 * What a result follows from.
 *
 * @param hash over all of it
 * @param parts the hash of every setting's value and of every file, by setting and by path
 */
public record Fingerprint(String hash, SortedMap<String, String> parts) {

  /**
   * The settings and files that were not there, or not the same, among others' parts, or are gone.
   */
  public List<String> differences(Map<String, String> others) {
    TreeSet<String> names = new TreeSet<>(parts.keySet());
    names.addAll(others.keySet());
    names.removeIf(name -> Objects.equals(parts.get(name), others.get(name)));
    return List.copyOf(names);
  }
}
