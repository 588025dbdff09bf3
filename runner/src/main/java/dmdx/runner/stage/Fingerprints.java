package dmdx.runner.stage;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import dmdx.api.CheckpointException;
import dmdx.api.settings.Settings;
import dmdx.nn.weights.Unreadable;
import dmdx.runner.checkpoint.Folders;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Hashes over everything that the result of a stage follows from.
 *
 * <p>A stage's fingerprint covers the whole resolved configuration, the seed included, except the
 * sections listed here as read by later stages alone; a setting this class has never heard of
 * counts. Wherever a text of a configuration file names an existing file or folder, by the rules of
 * {@link Settings#path}, all bytes of it count too: checkpoints, backbones, prompts.
 */
public final class Fingerprints {
  /** Settings no student follows from. */
  private static final Set<String> APART =
      Set.of("name", "pretrain", "video", "grid-prompts", "grid-columns");

  private static final Set<String> AFTER_ADP = Set.of("adm");
  private static final Set<String> AFTER_COLLECTION =
      Set.of(
          "monitor",
          "adm",
          "adp",
          "adversarial",
          "latent-discriminator",
          "pixel-discriminator",
          "student");

  /** May change while a run goes on, and yet may change its last bits. */
  private static final String ROUNDING = "memory";

  private final Map<Seen, String> known = new HashMap<>();

  /** A file in a state that was read before. */
  private record Seen(Path file, long size, long modified) {}

  /** The stages whose results can be shared between runs. */
  public static List<String> stages() {
    return List.of(CollectStage.NAME, AdpStage.NAME);
  }

  /**
   * What a stage's result follows from, the stages before it included.
   *
   * @param stage one of {@link #stages()}
   * @param config resolved configuration of a run
   */
  public Fingerprint of(String stage, Config config) {
    Set<String> later =
        switch (stage) {
          case CollectStage.NAME -> AFTER_COLLECTION;
          case AdpStage.NAME -> AFTER_ADP;
          default -> throw new IllegalArgumentException("stage '" + stage + "' is not shared");
        };
    return fingerprint(
        config,
        path -> {
          String section = ConfigUtil.splitPath(path).get(0);
          return !APART.contains(section)
              && !later.contains(section)
              && (section.equals(ROUNDING) || !ConfigChanges.isFree(path));
        });
  }

  /** What a run's evaluation follows from; not where its folder lies. */
  public String ofRun(Config config) {
    return fingerprint(config, path -> !path.equals("name") && !path.equals("runs")).hash();
  }

  /**
   * What follows from some settings, wherever they are given.
   *
   * @param base folder that relative paths start from where a value comes from no file
   * @param counts picks settings by their path
   */
  String of(Config config, Path base, Predicate<String> counts) {
    return fingerprint(config, counts, value -> Settings.pathOf(value, base)).hash();
  }

  private Fingerprint fingerprint(Config config, Predicate<String> counts) {
    return fingerprint(config, counts, Settings::pathOf);
  }

  private Fingerprint fingerprint(
      Config config, Predicate<String> counts, Function<ConfigValue, @Nullable Path> paths) {
    Map<String, ConfigValue> sorted = new TreeMap<>();
    config.entrySet().forEach(e -> sorted.put(e.getKey(), e.getValue()));
    StringBuilder all = new StringBuilder();
    SortedMap<String, String> parts = new TreeMap<>();
    sorted.forEach(
        (setting, value) -> {
          if (counts.test(setting)) {
            String text = value.render(ConfigRenderOptions.concise());
            parts.put(setting, hash(text));
            all.append(setting).append('=').append(text).append('\n');
            for (Path path : named(value, paths).toList()) {
              SortedMap<Path, String> files = hashes(path);
              files.forEach((file, hash) -> parts.put(file.toString(), hash));
              all.append("  ").append(hash(path, files)).append('\n');
            }
          }
        });
    return new Fingerprint(hash(all.toString()), parts);
  }

  /** The existing files and folders that a value, or the elements of a list, name. */
  private static Stream<Path> named(
      ConfigValue value, Function<ConfigValue, @Nullable Path> paths) {
    return value instanceof ConfigList list
        ? list.stream().flatMap(element -> named(element, paths))
        : Stream.ofNullable(paths.apply(value)).filter(Files::exists);
  }

  /** Hash over all bytes and names of a file, or of all files under a folder. */
  public String ofFiles(Path path) {
    return hash(path, hashes(path));
  }

  private static String hash(Path folder, SortedMap<Path, String> files) {
    StringBuilder all = new StringBuilder();
    files.forEach(
        (file, hash) -> all.append(folder.relativize(file)).append(' ').append(hash).append('\n'));
    return hash(all.toString());
  }

  private static String hash(String text) {
    return Folders.sha256(text.getBytes(StandardCharsets.UTF_8));
  }

  /** The hash of a file, or of every file under a folder. */
  private SortedMap<Path, String> hashes(Path path) {
    SortedMap<Path, String> hashes = new TreeMap<>();
    try (Stream<Path> files = Files.walk(path, FileVisitOption.FOLLOW_LINKS)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        hashes.put(file, ofFile(file));
      }
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s)".formatted(path, Unreadable.why(e)), e);
    }
    return hashes;
  }

  private String ofFile(Path file) throws IOException {
    BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
    Seen seen = new Seen(file.toRealPath(), now.size(), now.lastModifiedTime().toMillis());
    String hash = known.get(seen);
    if (hash == null) {
      hash = Folders.sha256(file);
      known.put(seen, hash);
    }
    return hash;
  }
}
