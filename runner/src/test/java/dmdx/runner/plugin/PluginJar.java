package dmdx.runner.plugin;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/** Compiles a plugin from text and packs it, as a plugin author's build does. */
public final class PluginJar {
  private final Path work;
  private final Map<String, String> sources = new LinkedHashMap<>();
  private final Map<String, String> files = new LinkedHashMap<>();
  private final List<Path> without = new ArrayList<>();
  private String helpers = "";

  /** Works in a folder of its own under {@code work}. */
  public PluginJar(Path work) {
    this.work = work;
  }

  /** Adds a source file. */
  public PluginJar source(String path, String text) {
    sources.put(path, text);
    return this;
  }

  public PluginJar file(String path, String text) {
    files.put(path, text);
    return this;
  }

  /** Leaves a compiled class out of the jar. */
  PluginJar without(String classFile) {
    without.add(Path.of(classFile));
    return this;
  }

  /** Compiles against a jar that the application does not have. */
  PluginJar onModulePath(Path jar) {
    helpers = System.getProperty("path.separator") + jar;
    return this;
  }

  /** A plugin of one adversarial loss. */
  static PluginJar loss(Path work, String module, String name) {
    return loss(work, module, name, "return fake.get(0);");
  }

  /**
   * A plugin of one adversarial loss.
   *
   * @param generator statements of its method {@code generator}
   */
  static PluginJar loss(Path work, String module, String name, String generator) {
    String type = Character.toUpperCase(name.charAt(0)) + name.substring(1);
    return new PluginJar(work)
        .source(
            "module-info.java",
            "module %s { requires dmdx.api; provides dmdx.api.AdversarialLoss with %s.%s; }"
                .formatted(module, module, type))
        .source(
            module.replace('.', '/') + "/" + type + ".java",
            """
            package %s;
            import ai.djl.ndarray.NDArray;
            import java.util.List;
            public final class %s implements dmdx.api.AdversarialLoss {
              public String name() { return "%s"; }
              public String description() { return "a loss from a jar"; }
              public NDArray generator(List<NDArray> fake) { %s }
              public NDArray discriminator(List<NDArray> real, List<NDArray> fake) {
                return fake.get(0);
              }
            }
            """
                .formatted(module, type, name, generator));
  }

  /** Compiles and packs. */
  public Path write(Path jar) {
    try {
      Path root = Files.createTempDirectory(work, "plugin");
      Path classes = Files.createDirectories(root.resolve("classes"));
      List<String> arguments = new ArrayList<>(List.of("-d", classes.toString(), "-proc:none"));
      arguments.addAll(List.of("--module-path", modulePath() + helpers, "-nowarn"));
      for (Map.Entry<String, String> source : sources.entrySet()) {
        arguments.add(put(root.resolve("source"), source).toString());
      }
      int status =
          ToolProvider.findFirst("javac")
              .orElseThrow()
              .run(System.out, System.err, arguments.toArray(String[]::new));
      if (status != 0) {
        throw new IllegalStateException("the plugin does not compile");
      }
      for (Map.Entry<String, String> file : files.entrySet()) {
        put(classes, file);
      }
      Files.createDirectories(jar.getParent());
      try (OutputStream out = Files.newOutputStream(jar);
          JarOutputStream packed = new JarOutputStream(out);
          Stream<Path> all = Files.walk(classes)) {
        for (Path file : all.filter(Files::isRegularFile).sorted().toList()) {
          Path entry = classes.relativize(file);
          if (!without.contains(entry)) {
            packed.putNextEntry(new JarEntry(entry.toString()));
            Files.copy(file, packed);
          }
        }
      }
      return jar;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path put(Path root, Map.Entry<String, String> file) throws IOException {
    Path target = root.resolve(file.getKey());
    Files.createDirectories(target.getParent());
    return Files.writeString(target, file.getValue());
  }

  /** Where the modules that a plugin compiles against are in this process. */
  private static String modulePath() {
    return String.join(
        System.getProperty("path.separator"),
        ModuleLayer.boot().configuration().modules().stream()
            .flatMap(module -> module.reference().location().stream())
            .filter(uri -> uri.getScheme().equals("file"))
            .map(uri -> Path.of(uri).toString())
            .toList());
  }
}
