package dmdx.nn.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Weights;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.ProcessStatus;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Leaves;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LoraNetworkTests {
  private final SmallNetwork network = new SmallNetwork();
  private final LoraNetwork lora = LoraNetwork.of(network, new LoraConfig(2, 3, SmallNetwork.ALL));
  private NDManager manager;
  private TrainableWeights base;
  private TrainableWeights adapters;
  private NDArray x;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
    base = TrainableWeights.initialised(network, 1, manager);
    adapters = SmallNetwork.random(lora, 2, manager);
    x = Noise.of(3).gaussian(manager, new Shape(2, 3, 6, 4));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void every_selected_matrix_has_two_factors_in_network_order() {
    assertEquals(
        List.of(
            "down.conv.lora_A.weight (2, 3, 3, 3)",
            "down.conv.lora_B.weight (8, 2, 1, 1)",
            "proj_in.lora_A.weight (2, 8, 1, 1)",
            "proj_in.lora_B.weight (6, 2, 1, 1)",
            "block.attn.to_q.lora_A.weight (2, 6)",
            "block.attn.to_q.lora_B.weight (6, 2)",
            "block.attn.to_out.0.lora_A.weight (2, 6)",
            "block.attn.to_out.0.lora_B.weight (4, 2)"),
        lora.parameters().stream().map(p -> p.name() + " " + p.shape()).toList());
    assertEquals(1.5, lora.modules().get(0).scale());
  }

  @Test
  void a_target_stands_for_whole_parts_of_a_path() {
    Network paths =
        () ->
            new Parameters()
                .add(
                    Linear.of("a.to_q", 2, 2),
                    Linear.of("to_q", 2, 2),
                    Linear.of("a.add_to_q", 2, 2),
                    Linear.of("a.to_q.b", 2, 2))
                .list();
    LoraNetwork selected = LoraNetwork.of(paths, new LoraConfig(1, 1, List.of("to_q")));
    assertEquals(
        List.of("a.to_q", "to_q"), selected.modules().stream().map(LoraModule::name).toList());
  }

  @Test
  void targets_that_stand_for_nothing_are_named_together_with_the_nearest_module() {
    LoraConfig config =
        new LoraConfig(2, 2, List.of("to_q", "attn.to_out.1", "norm", "feed_forward"));
    List<String> problems =
        List.of(
            "target 'attn.to_out.1' is no module of the network. Did you mean 'attn.to_out.0'?",
            "target 'norm' has no weight matrix; only linear layers and convolutions can be"
                + " adapted.",
            "target 'feed_forward' is no module of the network.");
    assertEquals(problems, config.problems(network));
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> LoraNetwork.of(network, config));
    assertEquals(String.join(System.lineSeparator(), problems), e.getMessage());
  }

  @Test
  void settings_out_of_range_are_refused() {
    assertThrows(IllegalArgumentException.class, () -> new LoraConfig(0, 1, List.of("a")));
    assertThrows(IllegalArgumentException.class, () -> new LoraConfig(1, Double.NaN, List.of("a")));
    assertThrows(IllegalArgumentException.class, () -> new LoraConfig(1, 1, List.of()));
  }

  @Test
  void fresh_adapters_change_nothing() {
    TrainableWeights fresh = TrainableWeights.initialised(lora, 5, manager);
    assertArrayEquals(
        network.forward(base, x, manager).toFloatArray(),
        network.forward(lora.over(base, fresh), x, manager).toFloatArray());
    assertTrue(fresh.get("proj_in.lora_A.weight").abs().sum().getFloat() > 0);
  }

  @Test
  void the_first_factor_starts_with_a_third_of_the_fan_in_variance() {
    ParameterSpec first = lora.parameters().get(0);
    assertEquals(
        new ParameterSpec.Initial.Normal(Math.sqrt(1 / (3.0 * 27))).std(),
        ((ParameterSpec.Initial.Normal) first.initial()).std(),
        1e-12);
  }

  @Test
  void parts_and_merged_weights_agree_in_values_and_gradients() {
    float[][] values = new float[2][];
    float[][] gradients = new float[2][];
    for (int i = 0; i < 2; i++) {
      try (Leaves leaves = adapters.leaves();
          Scope scope = new Scope();
          Autograd.Mode recording = Autograd.recording()) {
        Weights joined = lora.over(base, leaves);
        NDArray y = network.forward(i == 0 ? joined : SmallNetwork.whole(joined), x, manager);
        Autograd.backward(y.square().sum());
        values[i] = y.toFloatArray();
        gradients[i] = leaves.gradient(manager).toFloatArray();
      }
    }
    assertArrayEquals(values[0], values[1], 1e-6f);
    assertClose(gradients[0], gradients[1], 2e-6);
    assertFalse(
        java.util.Arrays.equals(network.forward(base, x, manager).toFloatArray(), values[0]));
  }

  private static void assertClose(float[] expected, float[] actual, double tolerance) {
    double largest = 0;
    for (float value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertTrue(largest > 0, "all gradients are zero");
    assertArrayEquals(expected, actual, (float) (tolerance * largest));
  }

  @Test
  void gradients_are_those_of_finite_differences() {
    Noise noise = Noise.of(9);
    double slope;
    NDArray direction = noise.gaussian(manager, adapters.flat().getShape());
    try (Leaves leaves = adapters.leaves();
        Autograd.Mode recording = Autograd.recording()) {
      Autograd.backward(loss(lora.over(base, leaves)));
      slope = leaves.gradient(manager).mul(direction).sum().getFloat();
    }
    direction.muli(1e-2f);
    adapters.flat().addi(direction);
    double above = loss(lora.over(base, adapters)).getFloat();
    adapters.flat().subi(direction).subi(direction);
    double below = loss(lora.over(base, adapters)).getFloat();
    assertEquals(slope, (above - below) / 2e-2, 2e-3 * Math.abs(slope));
  }

  private NDArray loss(Weights weights) {
    return network.forward(weights, x, manager).square().sum();
  }

  @Test
  void only_adapters_collect_gradients() {
    try (Leaves leaves = adapters.leaves();
        Autograd.Mode recording = Autograd.recording()) {
      Autograd.backward(loss(lora.over(base, leaves)));
      for (String name : leaves.names()) {
        assertNotNull(Autograd.gradient(leaves.get(name)), name);
      }
      for (String name : base.names()) {
        assertFalse(base.get(name).hasGradient(), name);
        assertNull(Autograd.gradient(base.get(name)), name);
      }
      assertFalse(Autograd.isRecorded(loss(lora.over(base, adapters))));
    }
  }

  @Test
  void several_passes_in_one_graph_add_their_gradients() {
    float[] once = gradientOfPasses(1);
    float[] thrice = gradientOfPasses(3);
    for (int i = 0; i < once.length; i++) {
      once[i] *= 3;
    }
    assertClose(once, thrice, 1e-6);
  }

  private float[] gradientOfPasses(int count) {
    try (Leaves leaves = adapters.leaves();
        Autograd.Mode recording = Autograd.recording()) {
      NDArray total = loss(lora.over(base, leaves));
      for (int i = 1; i < count; i++) {
        total = total.add(loss(lora.over(base, leaves)));
      }
      Autograd.backward(total);
      return leaves.gradient(manager).toFloatArray();
    }
  }

  @Test
  void the_factor_multiplies_the_delta() {
    String name = "block.attn.to_q.weight";
    NDArray full = lora.over(base, adapters).get(name).sub(base.get(name));
    NDArray half = lora.over(base, adapters, 0.5).get(name).sub(base.get(name));
    assertTrue(full.abs().max().getFloat() > 0.01f);
    assertArrayEquals(full.toFloatArray(), half.add(half).toFloatArray(), 1e-6f);
    assertEquals(base, lora.over(base, adapters, 0));
    assertEquals(base.get("block.norm.weight"), lora.over(base, adapters).get("block.norm.weight"));
  }

  @Test
  void adapters_stack() {
    TrainableWeights others = SmallNetwork.random(lora, 7, manager);
    Weights both = lora.over(lora.over(base, adapters), others);
    assertArrayEquals(
        network.forward(SmallNetwork.whole(both), x, manager).toFloatArray(),
        network.forward(both, x, manager).toFloatArray(),
        1e-6f);
  }

  /** A leaked merged weight would cost 4 MB an iteration. */
  @Test
  void memory_stays_flat() throws IOException {
    assumeTrue(ProcessStatus.isTold());
    Linear wide = Linear.of("wide", 1024, 1024);
    Network one = () -> new Parameters().add(wide).list();
    LoraNetwork thin = LoraNetwork.of(one, new LoraConfig(2, 2, List.of("wide")));
    TrainableWeights frozen = TrainableWeights.initialised(one, 1, manager);
    TrainableWeights trained = SmallNetwork.random(thin, 2, manager);
    NDArray input = Noise.of(3).gaussian(manager, new Shape(2, 1024));
    long settled = 0;
    for (int i = 0; i < 200; i++) {
      try (NDManager memory = manager.newSubManager();
          Leaves leaves = trained.leaves();
          Scope scope = new Scope();
          Autograd.Mode recording = Autograd.recording()) {
        Weights joined = thin.over(frozen, leaves);
        Weights used = i % 2 == 0 ? joined : SmallNetwork.whole(joined);
        ForwardPass pass = ForwardPass.of(used, memory);
        NDArray y = pass.block("wide", (p, in) -> wide.forward(p, in[0]), input);
        Autograd.backward(y.square().sum());
        leaves.gradient(memory);
      }
      if (i == 49) {
        settled = ProcessStatus.kibibytes("VmRSS");
      }
    }
    long growth = ProcessStatus.kibibytes("VmRSS") - settled;
    assertTrue(growth < 150 << 10, "grew by " + growth + " kB");
  }
}
