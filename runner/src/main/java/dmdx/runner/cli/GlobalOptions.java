package dmdx.runner.cli;

import dmdx.api.settings.SettingsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** Options that every subcommand takes. */
final class GlobalOptions {

  @Option(
      names = "--plugins",
      paramLabel = "DIR",
      scope = ScopeType.INHERIT,
      description =
          "Folder with plugins, each a jar or a folder of jars. Default: 'plugins' beside the"
              + " launcher and in the working folder, where they exist.")
  private @Nullable Path plugins;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "More detail: debug messages, all rows of tables, stack traces.")
  private boolean verbose;

  boolean verbose() {
    return verbose;
  }

  /**
   * The plugin folders to search, each of which exists.
   *
   * @throws SettingsException if the option names none
   */
  List<Path> pluginFolders() {
    Path given = plugins;
    if (given != null) {
      if (!Files.isDirectory(given)) {
        throw new SettingsException(
            List.of("--plugins: %s is no folder. Give a folder with jars.".formatted(given)));
      }
      return List.of(given);
    }
    List<Path> folders = new ArrayList<>();
    String home = System.getProperty("dmdx.home");
    Path here = Path.of("plugins");
    if (home != null) {
      Path beside = Path.of(home, "plugins");
      if (Files.isDirectory(beside)) {
        folders.add(beside);
      }
    }
    if (Files.isDirectory(here) && folders.stream().noneMatch(other -> same(other, here))) {
      folders.add(here);
    }
    return folders;
  }

  private static boolean same(Path a, Path b) {
    return a.toAbsolutePath().normalize().equals(b.toAbsolutePath().normalize());
  }
}
