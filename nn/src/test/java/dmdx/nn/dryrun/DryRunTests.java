package dmdx.nn.dryrun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.layer.Conv;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.DryWeights;
import java.util.List;
import org.junit.jupiter.api.Test;

class DryRunTests {
  private static final long KIB = 1024;

  private static NDArray zeros(DryRun run, long... shape) {
    return run.manager().create(new Shape(shape), DataType.FLOAT32);
  }

  private static Operation only(DryRun run) {
    List<Operation> operations = run.operations();
    assertEquals(1, operations.size());
    return operations.get(0);
  }

  @Test
  void counts_the_products_of_a_linear_layer() {
    try (DryRun run = new DryRun()) {
      NDArray y = Ops.linear(zeros(run, 2, 3, 5), zeros(run, 7, 5), zeros(run, 7));
      assertEquals(new Shape(2, 3, 7), y.getShape());
      assertEquals(2 * (2 * 3) * 5 * 7, only(run).flops());
      assertEquals(0, only(run).backwardFlops());
    }
  }

  @Test
  void counts_the_products_of_a_convolution() {
    try (DryRun run = new DryRun()) {
      NDArray y =
          Ops.conv(zeros(run, 2, 3, 8, 8), zeros(run, 5, 3, 3, 3), null, 2, new Shape(1, 1));
      assertEquals(new Shape(2, 5, 4, 4), y.getShape());
      assertEquals(2 * (2 * 5 * 4 * 4) * (3 * 3 * 3), only(run).flops());
    }
  }

  @Test
  void counts_the_products_of_attention() {
    try (DryRun run = new DryRun()) {
      NDArray q = zeros(run, 1, 2, 6, 4);
      NDArray k = zeros(run, 1, 2, 9, 4);
      assertEquals(q.getShape(), Ops.attention(q, k, k, null, null).getShape());
      assertEquals(2 * (2 * 2 * 6 * 9 * 4), only(run).flops());
    }
  }

  @Test
  void a_backward_pass_costs_a_product_for_each_factor_that_is_trained() {
    try (DryRun run = new DryRun();
        Autograd.Mode recording = Autograd.recording()) {
      NDArray w = Autograd.leaf(zeros(run, 7, 5));
      NDArray y = Ops.linear(zeros(run, 3, 5), w, null);
      assertEquals(only(run).flops(), only(run).backwardFlops());
      Ops.linear(y, Autograd.leaf(zeros(run, 2, 7)), null);
      Operation second = run.operations().get(1);
      assertEquals(2 * second.flops(), second.backwardFlops());
    }
  }

  @Test
  void filling_with_zeros_needs_no_elements() {
    try (DryRun run = new DryRun()) {
      NDArray x = zeros(run, KIB);
      Ops.zero(x);
      assertEquals(4 * KIB, run.peakBytes());
    }
  }

  @Test
  void memory_is_what_open_arrays_occupy() {
    try (DryRun run = new DryRun()) {
      NDArray x = zeros(run, KIB);
      try (NDArray view = x.reshape(32, 32);
          NDArray turned = view.transpose(1, 0)) {
        assertEquals(4 * KIB, run.liveBytes());
        NDArray copied = turned.reshape(-1);
        assertEquals(8 * KIB, run.liveBytes());
        copied.close();
      }
      x.close();
      assertEquals(0, run.liveBytes());
      assertEquals(8 * KIB, run.peakBytes());
    }
  }

  @Test
  void a_graph_keeps_what_the_backward_pass_needs_and_no_more() {
    try (DryRun run = new DryRun();
        Autograd.Mode recording = Autograd.recording()) {
      NDArray x = Autograd.leaf(zeros(run, KIB));
      NDArray loss;
      try (Scope scope = new Scope()) {
        NDArray kept = Ops.silu(x); // the square needs it
        NDArray dropped = kept.square(); // the sum needs it not
        loss = scope.keep(dropped.add(x).sum());
      }
      assertEquals(4 * (KIB + KIB + 1), run.liveBytes());
      Autograd.backward(loss);
      assertEquals(4 * (KIB + KIB + 1), run.liveBytes()); // x, its gradient, the loss
      assertEquals(4 * KIB, bytes(Autograd.gradient(x)));
    }
  }

  private static long bytes(NDArray x) {
    return x.size() * x.getDataType().getNumOfBytes();
  }

  @Test
  void weights_are_loaded_once_in_each_type() {
    try (DryRun run = new DryRun()) {
      Conv conv = Conv.same("conv", 4, 4, 1).withoutBias();
      DryWeights weights =
          DryWeights.of(() -> new dmdx.nn.layer.Parameters().add(conv).list(), run);
      assertEquals(0, run.liveBytes());
      weights.get("conv.weight");
      weights.get("conv.weight");
      assertEquals(64, run.liveBytes());
      weights.in(DataType.BFLOAT16, Device.cpu()).get("conv.weight");
      assertEquals(96, run.liveBytes());
    }
  }

  @Test
  void every_device_has_memory_of_its_own() {
    try (DryRun run = new DryRun(Device.gpu(0));
        NDManager host = run.manager().newSubManager(Device.cpu())) {
      run.manager().create(new Shape(256));
      NDArray stored = host.create(new Shape(1024));
      assertEquals(KIB, run.liveBytes());
      assertEquals(4 * KIB, run.hostPeakBytes());
      NDArray moved = Ops.to(stored, run.manager(), DataType.FLOAT16);
      assertEquals(Device.gpu(0), moved.getDevice());
      assertEquals(3 * KIB, run.liveBytes());
      assertEquals(4 * KIB, run.hostPeakBytes());
      assertEquals(0, new DryRun().hostPeakBytes());
    }
  }

  @Test
  void a_gradient_goes_back_to_the_device_of_its_leaf() {
    try (DryRun run = new DryRun(Device.gpu(0));
        NDManager host = run.manager().newSubManager(Device.cpu());
        Autograd.Mode recording = Autograd.recording()) {
      NDArray leaf = Autograd.leaf(host.create(new Shape(1024)));
      Autograd.backward(Ops.to(leaf, run.manager(), DataType.FLOAT32).square().sum());
      assertEquals(8 * KIB, run.hostPeakBytes());
      NDArray gradient = Autograd.gradient(leaf);
      assertNotNull(gradient);
      assertEquals(Device.cpu(), gradient.getDevice());
    }
  }

  @Test
  void operations_on_arrays_of_several_devices_are_errors() {
    try (DryRun run = new DryRun(Device.gpu(0));
        NDManager host = run.manager().newSubManager(Device.cpu())) {
      NDArray here = run.manager().create(new Shape(4));
      NDArray there = host.create(new Shape(4));
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> here.add(there));
      assertTrue(refused.getMessage().contains("add: the operands are on"), refused::getMessage);
      assertThrows(IllegalArgumentException.class, () -> here.muli(there));
      assertThrows(IllegalArgumentException.class, () -> Ops.linear(here, there, null));
      there.attach(run.manager());
      assertThrows(IllegalArgumentException.class, () -> there.muli(2), "a number is made there");
      Ops.copy(here, there);
    }
  }

  @Test
  void arrays_with_and_without_elements_do_not_mix() {
    try (DryRun run = new DryRun();
        ai.djl.ndarray.NDManager real = ai.djl.ndarray.NDManager.newBaseManager()) {
      NDArray x = zeros(run, 2);
      Exception thrown =
          assertThrows(
              IllegalArgumentException.class, () -> x.add(real.zeros(new Shape(2))).close());
      assertTrue(thrown.getMessage().contains("without") || thrown.getMessage().contains("none"));
    }
  }

  @Test
  void shapes_are_those_of_real_arrays() {
    try (DryRun run = new DryRun();
        ai.djl.ndarray.NDManager real = ai.djl.ndarray.NDManager.newBaseManager()) {
      for (ai.djl.ndarray.NDManager manager : List.of(run.manager(), real)) {
        NDArray x = manager.zeros(new Shape(2, 6, 4, 4));
        NDArray tokens = x.reshape(2, 6, -1).transpose(0, 2, 1);
        NDArray heads = Ops.splitHeads(tokens, 3);
        assertEquals(new Shape(2, 3, 16, 2), heads.getShape());
        NDArray merged = Ops.mergeHeads(Ops.attention(heads, heads, heads, null, null));
        assertEquals(new Shape(2, 16, 6), merged.getShape());
        assertEquals(new Shape(2, 16, 3), Ops.halves(merged)[0].getShape());
        assertEquals(new Shape(2, 6, 8, 8), Ops.resizeNearest(x, 8, 8).getShape());
        assertEquals(new Shape(2, 6, 5, 6), Ops.pad(x, 1, 1, 0, 1).getShape());
        assertEquals(new Shape(2, 12, 4, 4), x.concat(x, 1).getShape());
        assertEquals(new Shape(2, 1, 4, 4), x.mean(new int[] {1}, true).getShape());
      }
    }
  }
}
