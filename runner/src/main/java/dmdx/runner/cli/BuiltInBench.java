package dmdx.runner.cli;

import dmdx.nn.text.ClipVocabulary;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The configuration that is measured where none is given, unpacked for as long as this is open.
 *
 * @param folder a temporary folder
 */
record BuiltInBench(Path folder) implements AutoCloseable {
  private static final String RESOURCES = "/META-INF/dmdx/bench/";
  private static final List<String> FILES =
      List.of(
          "bench.conf",
          "teacher/model_index.json",
          "teacher/scheduler/scheduler_config.json",
          "teacher/text_encoder/config.json",
          "teacher/text_encoder_2/config.json",
          "teacher/unet/config.json",
          "teacher/vae/config.json");

  static BuiltInBench unpack() throws IOException {
    Path folder = Files.createTempDirectory("dmdx-bench");
    for (String name : FILES) {
      Path target = folder.resolve(name);
      Files.createDirectories(Objects.requireNonNull(target.getParent()));
      try (InputStream in = BuiltInBench.class.getResourceAsStream(RESOURCES + name)) {
        Files.copy(Objects.requireNonNull(in, name), target);
      }
    }
    for (String tokenizer : List.of("tokenizer", "tokenizer_2")) {
      Path target = Files.createDirectories(folder.resolve("teacher").resolve(tokenizer));
      ClipVocabulary.train(List.of("a red square", "a blue square"), 6, target);
    }
    return new BuiltInBench(folder);
  }

  Path file() {
    return folder.resolve("bench.conf");
  }

  @Override
  public void close() {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
