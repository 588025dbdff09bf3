package dmdx.runner.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderFile;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigOriginFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import dmdx.api.settings.Names;
import dmdx.api.settings.SettingsException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Resolves the includes of one file against its folder, and theirs against theirs. */
final class FileIncluder implements ConfigIncluder, ConfigIncluderFile {

  /** This file and those that led to it, outermost first. */
  private final List<Path> chain;

  private final Path file;

  private FileIncluder(List<Path> chain, Path file) {
    this.chain = chain;
    this.file = file;
  }

  static Config parse(Path file) {
    return parse(List.of(), file.toAbsolutePath().normalize());
  }

  private static Config parse(List<Path> outer, Path file) {
    List<Path> chain = new ArrayList<>(outer);
    chain.add(file);
    ConfigSyntax syntax = file.toString().endsWith(".json") ? ConfigSyntax.JSON : ConfigSyntax.CONF;
    try {
      return ConfigFactory.parseFile(
          file.toFile(),
          ConfigParseOptions.defaults()
              .setSyntax(syntax)
              .setAllowMissing(false)
              .setIncluder(new FileIncluder(List.copyOf(chain), file)));
    } catch (ConfigException e) {
      throw ConfigLoader.at(e, file);
    }
  }

  @Override
  public ConfigObject include(ConfigIncludeContext context, String what) {
    Path target = file.resolveSibling(what).normalize();
    Path withSuffix = file.resolveSibling(what + ".conf").normalize();
    if (!Files.isRegularFile(target) && Files.isRegularFile(withSuffix)) {
      target = withSuffix;
    }
    if (!Files.isRegularFile(target)) {
      throw SettingsException.at(
          origin(what),
          Path.of(""),
          "the included file '"
              + what
              + "' does not exist."
              + Names.hint(String.valueOf(target.getFileName()), siblings(target))
              + " Includes are relative to the file that contains them.");
    }
    if (chain.contains(target)) {
      throw SettingsException.at(
          origin(what), Path.of(""), "'" + what + "' includes itself. Remove one of the includes.");
    }
    return parse(chain, target).root();
  }

  @Override
  public ConfigObject includeFile(ConfigIncludeContext context, File what) {
    return include(context, what.getPath());
  }

  @Override
  public ConfigIncluder withFallback(ConfigIncluder fallback) {
    return this;
  }

  /** The first line that includes {@code what}; the parser does not tell an includer its line. */
  private ConfigOrigin origin(String what) {
    ConfigOrigin origin = ConfigOriginFactory.newFile(file.toString());
    try {
      List<String> lines = Files.readAllLines(file);
      for (int i = 0; i < lines.size(); i++) {
        String line = lines.get(i);
        if (line.contains("include") && line.contains("\"" + what + "\"")) {
          return origin.withLineNumber(i + 1);
        }
      }
      return origin;
    } catch (IOException e) {
      return origin;
    }
  }

  private static List<String> siblings(Path target) {
    Path folder = target.getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(f -> String.valueOf(f.getFileName())).sorted().toList();
    } catch (IOException e) {
      return List.of();
    }
  }
}
