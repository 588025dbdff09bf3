package dmdx.nn.torch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MallocTests {
  private static final int ARRAYS = 4000;
  private static final int MIB_OF_ALL = ARRAYS * 64 / 1024;

  @Test
  void freed_memory_goes_back_to_the_operating_system() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      List<NDArray> arrays = new ArrayList<>();
      for (int i = 0; i < ARRAYS; i++) {
        arrays.add(manager.ones(new Shape(1 << 14)));
      }
      NDArray last =
          arrays.remove(arrays.size() - 1); // what lies below it cannot simply be cut off
      arrays.forEach(NDArray::close);
      Malloc.releaseFreed();
      long released = ProcessStatus.kibibytes("VmRSS") / 1024;
      List<NDArray> again = new ArrayList<>();
      for (int i = 1; i < ARRAYS; i++) {
        again.add(manager.ones(last.getShape()));
      }
      long occupied = ProcessStatus.kibibytes("VmRSS") / 1024;
      assertTrue(occupied - released > MIB_OF_ALL / 2, released + " MiB, then " + occupied);
    }
  }
}
