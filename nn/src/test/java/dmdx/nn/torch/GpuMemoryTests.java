package dmdx.nn.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.engine.StandardCapabilities;
import org.junit.jupiter.api.RepeatedTest;

class GpuMemoryTests {
  /** The second time the library is known to be missing. */
  @RepeatedTest(2)
  void is_told_where_libtorch_can_use_a_gpu_and_nowhere_else() {
    boolean usable = Engine.getInstance().hasCapability(StandardCapabilities.CUDA);
    boolean sensible =
        GpuMemory.of(Device.gpu(0)).filter(m -> m.used() > 0 && m.free() > 0).isPresent();
    assertEquals(usable, sensible);
  }
}
