package dmdx.nn.parity;

import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.api.Precision;
import dmdx.nn.weights.ModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Something below a folder of reference values: what a provider can compare, or what none knows.
 *
 * @param path a case's folder or file
 * @param comparison measures the case; {@code null} if nobody knows it
 * @param problem why nobody knows it; empty otherwise
 */
public record ParityItem(
    Path path, @Nullable Function<NDManager, ParityReport> comparison, String problem) {
  private static final List<String> FOLDER_INDICES = List.of("case.json", "cases.json");

  /**
   * Everything in or below a folder, in name order: the cases of networks, the cases of checks, and
   * every other JSON file. A folder whose JSON files nobody knows is one item.
   *
   * @param folder an existing folder
   * @throws CheckpointException if it cannot be searched
   */
  public static List<ParityItem> find(
      Path folder, List<ReferenceNetworkProvider> networks, List<ReferenceCheck> checks) {
    return find(folder, Precision.FP32, networks, checks);
  }

  /**
   * The same, with the cases of networks in a precision.
   *
   * @param folder an existing folder
   * @param precision what networks compute in
   * @throws CheckpointException if it cannot be searched
   */
  public static List<ParityItem> find(
      Path folder,
      Precision precision,
      List<ReferenceNetworkProvider> networks,
      List<ReferenceCheck> checks) {
    Map<Path, ParityCase> cases = new LinkedHashMap<>();
    ParityCase.find(folder).forEach(one -> cases.put(one.folder(), one));
    List<ParityItem> items = new ArrayList<>();
    try (Stream<Path> paths = Files.walk(folder)) {
      @Nullable Path whole = null;
      for (Path candidate : paths.filter(Files::isDirectory).sorted().toList()) {
        if (whole != null && candidate.startsWith(whole)) {
          continue;
        }
        ParityCase network = cases.get(candidate);
        List<Path> files = jsonFiles(candidate);
        if (network != null) {
          items.add(of(network, precision, networks));
          whole = candidate;
        } else if (files.stream().anyMatch(ParityItem::isFolderIndex)) {
          items.add(ofFolder(candidate, checks));
          whole = candidate;
        } else {
          items.addAll(ofFiles(candidate, files, checks));
        }
      }
    } catch (IOException | UncheckedIOException e) {
      throw new CheckpointException(
          "%s: cannot be searched for cases (%s)".formatted(folder, e.getMessage()), e);
    }
    return items;
  }

  private static List<Path> jsonFiles(Path folder) throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths
          .filter(Files::isRegularFile)
          .filter(path -> path.toString().endsWith(".json"))
          .sorted()
          .toList();
    }
  }

  private static boolean isFolderIndex(Path file) {
    return FOLDER_INDICES.contains(file.getFileName().toString());
  }

  private static ParityItem of(
      ParityCase one, Precision precision, List<ReferenceNetworkProvider> networks) {
    for (ReferenceNetworkProvider provider : networks) {
      if (provider.accepts(one.config())) {
        return new ParityItem(one.folder(), manager -> one.check(provider, precision, manager), "");
      }
    }
    String name = one.config().text("_class_name", one.config().text("model_type", "unnamed"));
    return unknown(
        one.folder(), "no plugin has the network of its config.json (%s).".formatted(name));
  }

  private static ParityItem ofFolder(Path folder, List<ReferenceCheck> checks) {
    for (String name : FOLDER_INDICES) {
      if (Files.isRegularFile(folder.resolve(name))) {
        ParityItem item = of(folder, ModelConfig.read(folder.resolve(name)), checks);
        if (item != null) {
          return item;
        }
      }
    }
    return unknown(folder, "no plugin knows what its index describes.");
  }

  private static List<ParityItem> ofFiles(
      Path folder, List<Path> files, List<ReferenceCheck> checks) {
    List<ParityItem> known = new ArrayList<>();
    List<ParityItem> unknown = new ArrayList<>();
    for (Path file : files) {
      ParityItem item = of(file, ModelConfig.read(file), checks);
      if (item == null) {
        unknown.add(unknown(file, "no plugin knows what it describes."));
      } else {
        known.add(item);
      }
    }
    if (known.isEmpty() && unknown.size() > 1) {
      String names =
          String.join(", ", files.stream().map(file -> file.getFileName().toString()).toList());
      return List.of(unknown(folder, "no plugin knows what %s describe.".formatted(names)));
    }
    return Stream.concat(known.stream(), unknown.stream()).toList();
  }

  private static @Nullable ParityItem of(
      Path path, ModelConfig index, List<ReferenceCheck> checks) {
    for (ReferenceCheck check : checks) {
      if (check.accepts(index)) {
        return new ParityItem(path, manager -> check.check(index, manager), "");
      }
    }
    return null;
  }

  private static ParityItem unknown(Path path, String problem) {
    return new ParityItem(path, null, problem);
  }
}
