package dmdx.runner.stage;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A virtual machine of its own, with the class path of the tests. */
final class TinyProcess {
  private TinyProcess() {}

  /**
   * Starts a main class; what it writes goes where the builder says.
   *
   * @param options of the virtual machine
   */
  static ProcessBuilder of(List<String> options, Class<?> main, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.addAll(
        List.of(
            "-cp",
            classPath(),
            "-Dai.djl.offline=true",
            "-Dai.djl.pytorch.num_threads=1",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
            main.getName()));
    command.addAll(arguments);
    return new ProcessBuilder(command);
  }

  private static String classPath() {
    List<String> entries = new ArrayList<>();
    entries.add(Path.of("target/test-classes").toAbsolutePath().toString());
    entries.add(Path.of("target/classes").toAbsolutePath().toString());
    for (String property : List.of("jdk.module.path", "java.class.path")) {
      String path = System.getProperty(property);
      if (path != null && !path.isEmpty()) {
        entries.add(path);
      }
    }
    return String.join(File.pathSeparator, entries);
  }
}
