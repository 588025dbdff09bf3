package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.runner.checkpoint.CheckpointStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a stage has left: its student, and weights, means and moments of every role in its last
 * checkpoint.
 *
 * @param folder the stage's
 * @param files safetensors, relative to the folder
 */
record TrainedStates(Path folder, List<Path> files) {
  private static final String SQUARES = "adamw.second_moment";

  static TrainedStates of(TinyRun tiny, String run, String stage) throws IOException {
    Path folder = tiny.runFolder(run).resolve(stage);
    try (Stream<Path> checkpoints = Files.list(folder.resolve(CheckpointStore.FOLDER));
        Stream<Path> student = Files.list(folder.resolve(RunContext.STUDENT));
        Stream<Path> roles = Files.walk(checkpoints.max(Path::compareTo).orElseThrow())) {
      List<Path> files =
          Stream.concat(student, roles)
              .filter(file -> file.toString().endsWith(".safetensors"))
              .map(folder::relativize)
              .sorted()
              .toList();
      assertFalse(files.isEmpty(), folder.toString());
      return new TrainedStates(folder, files);
    }
  }

  /** Gradients have reached every role, without which any two runs were the same. */
  void assertTrained() {
    for (Path file : files) {
      try (NDManager manager = NDManager.newBaseManager();
          SafetensorsFile state = SafetensorsFile.open(folder.resolve(file))) {
        if (state.entries().containsKey(SQUARES)) {
          assertTrue(state.read(SQUARES, manager).max().getFloat() > 0, file.toString());
        }
      }
    }
  }

  /** Gradients have reached every role, and every file has the same bytes as the other's. */
  void assertSame(TrainedStates other) throws IOException {
    assertTrained();
    assertClose(other, 0);
    for (Path file : files) {
      assertEquals(-1, Files.mismatch(folder.resolve(file), other.folder.resolve(file)), file + "");
    }
  }

  /**
   * All numbers are near the other's.
   *
   * @param rounding how near, in parts of the largest number of the same tensor
   */
  void assertClose(TrainedStates other, double rounding) {
    assertEquals(files, other.files);
    for (Path file : files) {
      try (NDManager manager = NDManager.newBaseManager();
          SafetensorsFile mine = SafetensorsFile.open(folder.resolve(file));
          SafetensorsFile its = SafetensorsFile.open(other.folder.resolve(file))) {
        assertEquals(mine.entries().keySet(), its.entries().keySet());
        for (String name : mine.entries().keySet()) {
          NDArray expected = mine.read(name, manager);
          double largest = expected.abs().max().getFloat();
          assertArrayEquals(
              expected.toFloatArray(),
              its.read(name, manager).toFloatArray(),
              (float) (Float.MIN_NORMAL + rounding * largest),
              file + " " + name);
        }
      }
    }
  }
}
