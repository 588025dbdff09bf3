package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.Precision;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.optim.AdamW;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.ProcessStatus;
import dmdx.nn.torch.Scope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StorageTests {
  private static final Linear FIRST = Linear.of("first", 8, 32);
  private static final Linear SECOND = Linear.of("second", 32, 4);
  private static final Linear IDLE = Linear.of("idle", 3, 5);
  private static final Network NETWORK =
      () ->
          new Parameters()
              .add(FIRST, IDLE)
              .add("scale", new ParameterSpec.Initial.Ones())
              .add(SECOND)
              .list();

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  /** Weights and moments after some steps. */
  private float[] trained(Storage storage, Precision precision, int steps) {
    try (TrainableWeights weights = TrainableWeights.initialised(NETWORK, 3, storage, manager);
        AdamW optimizer =
            new AdamW(
                weights.flat(),
                new AdamW.Settings(1e-2, 0.9, 0.99, 1e-8, 0.01),
                weights.storage(),
                manager)) {
      for (int i = 0; i < steps; i++) {
        try (Scope scope = new Scope();
            Leaves leaves = weights.leaves()) {
          for (int micro = 0; micro < 2; micro++) {
            backward(leaves, precision, i + "/" + micro);
          }
          optimizer.step(weights.flat(), leaves.gradient(manager), 1);
        }
      }
      NDArray all = weights.flat();
      for (NDArray moment : optimizer.state().values()) {
        all = all.concat(moment);
      }
      return all.toFloatArray();
    }
  }

  private void backward(Leaves leaves, Precision precision, String stream) {
    try (Autograd.Mode recording = Autograd.recording()) {
      ForwardPass pass = ForwardPass.of(ComputeWeights.of(leaves, precision, manager), manager);
      NDArray y = forward(pass, stream);
      Autograd.backward(Ops.cast(y, ai.djl.ndarray.types.DataType.FLOAT32).square().mean());
    }
  }

  private NDArray forward(ForwardPass pass, String stream) {
    NDArray x = Noise.of(stream).gaussian(manager, new Shape(5, 8));
    NDArray hidden = FIRST.forward(pass, x).mul(pass.weight("scale"));
    return SECOND.forward(pass, Ops.silu(hidden));
  }

  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "BF16"})
  void training_on_disk_equals_training_in_memory_bit_for_bit(Precision precision)
      throws IOException {
    assertArrayEquals(
        trained(Storage.inMemory(), precision, 4),
        trained(Storage.onDisk(folder.resolve("scratch")), precision, 4));
    try (Stream<Path> left = Files.list(folder.resolve("scratch"))) {
      assertEquals(0, left.count(), "scratch files have no names");
    }
  }

  @Test
  void gradients_are_those_of_separate_leaves_and_zeros_where_a_weight_is_idle() {
    try (TrainableWeights weights = TrainableWeights.initialised(NETWORK, 3, manager);
        Leaves leaves = weights.leaves()) {
      backward(leaves, Precision.FP32, "a");
      backward(leaves, Precision.FP32, "b");
      NDArray expected = manager.zeros(new Shape(0));
      try (Autograd.Mode recording = Autograd.recording()) {
        java.util.Map<String, NDArray> plain = new java.util.LinkedHashMap<>();
        weights.names().forEach(name -> plain.put(name, Autograd.leaf(weights.get(name))));
        ForwardPass pass = ForwardPass.of(new MapWeights("plain", plain), manager);
        for (String stream : new String[] {"a", "b"}) {
          NDArray y = forward(pass, stream);
          Autograd.backward(y.square().mean());
        }
        for (NDArray leaf : plain.values()) {
          NDArray gradient = Autograd.gradient(leaf);
          expected =
              expected.concat(
                  gradient == null ? manager.zeros(new Shape(leaf.size())) : gradient.reshape(-1));
        }
      }
      assertArrayEquals(expected.toFloatArray(), leaves.gradient(manager).toFloatArray());
    }
  }

  @Test
  void a_gradient_is_no_copy_and_the_next_update_starts_from_zero() {
    for (Storage storage : new Storage[] {Storage.inMemory(), Storage.onDisk(folder)}) {
      try (TrainableWeights weights = TrainableWeights.initialised(NETWORK, 3, storage, manager)) {
        try (Leaves leaves = weights.leaves()) {
          NDArray gradient = leaves.gradient(manager);
          backward(leaves, Precision.FP32, "a");
          assertTrue(gradient.norm().getFloat() > 0, "backward adds to it in place");
        }
        try (Leaves leaves = weights.leaves()) {
          assertEquals(0, leaves.gradient(manager).norm().getFloat());
        }
      }
    }
  }

  @Test
  void what_lies_on_disk_takes_no_memory_of_the_process() throws IOException {
    assumeTrue(ProcessStatus.isTold());
    long size = 64 << 20;
    try (Storage storage = Storage.onDisk(folder)) {
      long before = ProcessStatus.kibibytes("RssAnon");
      try (NDArray x = storage.zeros("weights", size, manager)) {
        x.addi(1);
        assertEquals(1, Ops.slice(x, 0, size - 1, size).toFloatArray()[0]);
        long grown = 1024 * (ProcessStatus.kibibytes("RssAnon") - before);
        assertTrue(grown < size, "%d of %d bytes".formatted(grown, 4 * size));
      }
    }
  }

  @Test
  void a_disk_without_room_is_told_with_the_reason() {
    try (Storage storage = Storage.onDisk(folder)) {
      String message = failure(storage, 1L << 48);
      String expected =
          folder + ": cannot hold 1125899906842624 bytes of training state: there is no room (";
      assertTrue(message.startsWith(expected), message);
      assertTrue(message.contains("No space left") || message.contains("too large"), message);
    }
  }

  @Test
  void a_folder_that_cannot_be_written_is_told_with_the_reason() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    try (Storage storage = Storage.onDisk(file.resolve("scratch"))) {
      String message = failure(storage, 10);
      String expected =
          file.resolve("scratch") + ": cannot hold 40 bytes of training state: it is no folder (";
      assertTrue(message.startsWith(expected), message);
    }
    Path system = Path.of("/proc/self");
    assumeTrue(Files.isDirectory(system));
    try (Storage storage = Storage.onDisk(system)) {
      String message = failure(storage, 10);
      assertFalse(message.contains("Success") || message.contains("no room"), message);
      assertTrue(message.matches("(?s).*: [A-Z].*\\)\\..*keep the role in memory.*"), message);
    }
  }

  private String failure(Storage storage, long size) {
    return assertThrows(CheckpointException.class, () -> storage.zeros("weights", size, manager))
        .getMessage();
  }
}
