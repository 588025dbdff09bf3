package dmdx.runner.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.runner.train.Toy;
import dmdx.runner.train.TrainableRole;
import dmdx.runner.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTests {
  @TempDir Path folder;
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private CheckpointStore store() {
    return new CheckpointStore(folder, "toy", 2);
  }

  /** Trains 10 iterations with a checkpoint after 4, 7 and 10. */
  private float[] train(TrainableRole role) {
    new Trainer(Toy.plan(role, 10), 1, manager)
        .run(
            0,
            (n, m) -> {
              if (n == 3 || n == 6 || n == 9) {
                store().save(n + 1, List.of(role));
              }
            });
    return Toy.flat(role).toFloatArray();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> entries = Files.list(folder.resolve("checkpoints"))) {
      return entries.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void restores_the_newest_and_keeps_only_so_many() throws IOException {
    try (TrainableRole role = Toy.role("net", manager);
        TrainableRole fresh = Toy.role("net", manager)) {
      float[] trained = train(role);
      assertEquals(List.of("00000007", "00000010"), names());
      assertEquals(Optional.of(10L), store().restoreNewest(List.of(fresh)));
      assertArrayEquals(trained, Toy.flat(fresh).toFloatArray());
      assertEquals(role.optimizerSteps(), fresh.optimizerSteps());
    }
  }

  @Test
  void going_on_from_a_checkpoint_gives_the_same_bits() {
    try (TrainableRole role = Toy.role("net", manager);
        TrainableRole fresh = Toy.role("net", manager)) {
      float[] trained = train(role);
      Path newest = folder.resolve("checkpoints/00000010/state.json");
      assertTrue(newest.toFile().delete());
      assertEquals(Optional.of(7L), store().restoreNewest(List.of(fresh)));
      new Trainer(Toy.plan(fresh, 10), 1, manager).run(7, (n, m) -> {});
      assertArrayEquals(trained, Toy.flat(fresh).toFloatArray());
    }
  }

  @Test
  void falls_back_when_the_newest_is_damaged() throws IOException {
    try (TrainableRole role = Toy.role("net", manager)) {
      train(role);
      Path file = folder.resolve("checkpoints/00000010/net/state.safetensors");
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length - 5] ^= 1;
      Files.write(file, bytes);
      assertEquals(Optional.of(7L), store().restoreNewest(List.of(role)));
    }
  }

  @Test
  void says_so_when_none_can_be_used() throws IOException {
    try (TrainableRole role = Toy.role("net", manager)) {
      train(role);
      for (String name : names()) {
        Files.delete(folder.resolve("checkpoints").resolve(name).resolve("net/state.safetensors"));
      }
      CheckpointException error =
          assertThrows(CheckpointException.class, () -> store().restoreNewest(List.of(role)));
      assertTrue(error.getMessage().contains("2 checkpoints, of which none"), error.getMessage());
    }
  }

  @Test
  void ignores_a_half_written_checkpoint() throws IOException {
    try (TrainableRole role = Toy.role("net", manager)) {
      train(role);
      Files.createDirectories(folder.resolve("checkpoints/.00000012.tmp/net"));
      assertEquals(Optional.of(10L), store().restoreNewest(List.of(role)));
      store().save(12, List.of(role));
      assertEquals(List.of("00000010", "00000012"), names());
    }
  }

  @Test
  void refuses_a_checkpoint_of_another_stage() {
    try (TrainableRole role = Toy.role("net", manager)) {
      train(role);
      assertThrows(
          CheckpointException.class,
          () -> new CheckpointStore(folder, "other", 2).restoreNewest(List.of(role)));
    }
  }

  @Test
  void a_folder_without_checkpoints_starts_from_nothing() {
    assertEquals(Optional.empty(), store().restoreNewest(List.of()));
  }
}
