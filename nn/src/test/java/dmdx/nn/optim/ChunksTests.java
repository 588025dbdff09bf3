package dmdx.nn.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.optim.Chunks.Operand;
import dmdx.nn.torch.Prefetch.Use;
import dmdx.nn.weights.Storage;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChunksTests {
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  /** Counts the elements that are expected, in memory. */
  private static final class Counting implements Storage {
    private final Storage memory = Storage.inMemory();
    private final Map<Use, Long> expected = new EnumMap<>(Use.class);

    @Override
    public Device device(Device computing) {
      return memory.device(computing);
    }

    @Override
    public NDArray zeros(String name, long size, NDManager owner) {
      return memory.zeros(name, size, owner);
    }

    @Override
    public void expect(NDArray part, Use use) {
      expected.merge(use, part.size(), Long::sum);
    }

    @Override
    public void close() {
      memory.close();
    }
  }

  @Test
  void everything_is_expected_once_and_well_before_its_use() {
    long size = 30_000_001;
    long piece = Chunks.size(Device.cpu());
    Counting storage = new Counting();
    List<Operand> operands =
        List.of(
            new Operand(manager.zeros(new Shape(size)), Use.READ),
            new Operand(manager.zeros(new Shape(size)), Use.CHANGE));
    AtomicLong next = new AtomicLong();
    Chunks.forEach(
        storage,
        operands,
        from -> {
          assertEquals(next.getAndAdd(piece), from);
          for (long expected : storage.expected.values()) {
            assertTrue(expected >= Math.min(size, from + 16 * piece), expected + " at " + from);
            assertTrue(expected < from + 100 * piece, expected + " at " + from);
          }
        });
    assertTrue(next.get() >= size);
    assertEquals(Map.of(Use.READ, size, Use.CHANGE, size), storage.expected);
  }
}
