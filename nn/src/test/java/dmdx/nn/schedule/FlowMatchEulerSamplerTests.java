package dmdx.nn.schedule;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.CheckpointException;
import org.junit.jupiter.api.Test;

class FlowMatchEulerSamplerTests {

  @Test
  void refuses_dynamic_shifting() {
    CheckpointException e =
        assertThrows(
            CheckpointException.class,
            () ->
                FlowMatchConfig.of(SchedulerConfigTests.json("{\"use_dynamic_shifting\": true}")));
    assertTrue(
        String.valueOf(e.getMessage()).contains("use_dynamic_shifting"),
        String.valueOf(e.getMessage()));
  }
}
