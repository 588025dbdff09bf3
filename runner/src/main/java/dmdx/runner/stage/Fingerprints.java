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

  private final Map<Seen, String> hashes = new HashMap<>();

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
  public String of(String stage, Config config) {
    Set<String> later =
        switch (stage) {
          case CollectStage.NAME -> AFTER_COLLECTION;
          case AdpStage.NAME -> AFTER_ADP;
          default -> throw new IllegalArgumentException("stage '" + stage + "' is not shared");
        };
    return hash(
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
    return hash(config, path -> !path.equals("name") && !path.equals("runs"));
  }

  /**
   * What follows from some settings, wherever they are given.
   *
   * @param base folder that relative paths start from where a value comes from no file
   * @param counts picks settings by their path
   */
  String of(Config config, Path base, Predicate<String> counts) {
    return hash(config, counts, value -> Settings.pathOf(value, base));
  }

  private String hash(Config config, Predicate<String> counts) {
    return hash(config, counts, Settings::pathOf);
  }

  private String hash(
      Config config, Predicate<String> counts, Function<ConfigValue, @Nullable Path> paths) {
    StringBuilder all = new StringBuilder();
    Map<String, ConfigValue> sorted = new TreeMap<>();
    config.entrySet().forEach(e -> sorted.put(e.getKey(), e.getValue()));
    sorted.forEach(
        (path, value) -> {
          if (counts.test(path)) {
            all.append(path).append('=');
            all.append(value.render(ConfigRenderOptions.concise())).append('\n');
            files(value, paths, all);
          }
        });
    return Folders.sha256(all.toString().getBytes(StandardCharsets.UTF_8));
  }

  private void files(
      ConfigValue value, Function<ConfigValue, @Nullable Path> paths, StringBuilder all) {
    if (value instanceof ConfigList list) {
      list.forEach(element -> files(element, paths, all));
      return;
    }
    Path path = paths.apply(value);
    if (path != null && Files.exists(path)) {
      all.append("  ").append(ofFiles(path)).append('\n');
    }
  }

  /** Hash over all bytes and names of a file, or of all files under a folder. */
  public String ofFiles(Path path) {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(path, FileVisitOption.FOLLOW_LINKS)) {
      for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
        all.append(path.relativize(file)).append(' ').append(ofFile(file)).append('\n');
      }
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s)".formatted(path, Unreadable.why(e)), e);
    }
    return Folders.sha256(all.toString().getBytes(StandardCharsets.UTF_8));
  }

  private String ofFile(Path file) throws IOException {
    BasicFileAttributes now = Files.readAttributes(file, BasicFileAttributes.class);
    Seen seen = new Seen(file.toRealPath(), now.size(), now.lastModifiedTime().toMillis());
    String known = hashes.get(seen);
    if (known == null) {
      known = Folders.sha256(file);
      hashes.put(seen, known);
    }
    return known;
  }
}
