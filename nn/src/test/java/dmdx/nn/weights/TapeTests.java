package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TapeTests {
  private static final int WIDTH = 6;
  private final NDManager manager = NDManager.newBaseManager();
  private final Net net = new Net();
  private TrainableWeights weights = TrainableWeights.initialised(net, 1, manager);

  @BeforeEach
  void makesBiasesMatter() {
    try (NDArray noise = Noise.of("more").gaussian(manager, weights.flat().getShape())) {
      noise.muli(0.3f);
      weights.flat().addi(noise);
    }
  }

  @AfterEach
  void closes() {
    weights.close();
    manager.close();
  }

  /** Everything that makes a tape difficult: skips, hidden states, two results, nested blocks. */
  private static final class Net implements Network {
    private final List<Linear> layers =
        IntStream.range(0, 6).mapToObj(i -> Linear.of("layers." + i, WIDTH, WIDTH)).toList();
    private int runs;

    @Override
    public List<ParameterSpec> parameters() {
      return new Parameters().add(layers).list();
    }

    NDArray forward(Pass pass, NDArray x) {
      NDArray first = pass.block("first", (p, in) -> layer(p, 0, in[0]), x);
      NDArray skip = pass.block("second", (p, in) -> in[0].add(layer(p, 1, in[0])), first);
      NDList streams =
          pass.multiBlock(
              "streams",
              (p, in) -> {
                NDArray inner = p.block("inner", (q, deep) -> layer(q, 2, deep[0]), in[0]);
                p.tap("inside", inner.add(in[0]));
                return new NDList(inner.mul(in[0]), in[0].sub(inner));
              },
              skip);
      NDArray between = streams.get(0).add(Ops.times(streams.get(1), 0.5));
      NDArray part =
          pass.group(
              "part",
              (p, in) -> {
                NDArray y = p.block("third", (q, deep) -> layer(q, 3, deep[0]), in[0]);
                return p.block("fourth", (q, deep) -> layer(q, 4, deep[0]).add(deep[1]), y, in[1]);
              },
              between,
              skip);
      pass.tap("part", part);
      return pass.block("last", (p, in) -> layer(p, 5, in[0].mul(in[1])), part, skip);
    }

    private NDArray layer(Pass pass, int i, NDArray x) {
      runs++;
      return Ops.silu(layers.get(i).forward(pass, x));
    }
  }

  private NDArray input() {
    return Noise.of("x").gaussian(manager, new Shape(3, WIDTH));
  }

  private static NDArray loss(ForwardPass pass, NDArray y) {
    NDArray loss = y.square().mean();
    for (NDArray state : pass.taps().values()) {
      loss = loss.add(Ops.silu(state).mean());
    }
    return loss;
  }

  /** Gradients of input and weights by name. */
  private Map<String, float[]> gradients(boolean taped, Weights used, @Nullable Leaves leaves) {
    Map<String, float[]> gradients = new LinkedHashMap<>();
    try (Scope scope = new Scope();
        Autograd.Mode recording = Autograd.recording();
        Tape tape = taped ? Tape.open(manager) : null) {
      NDArray x = Autograd.leaf(input());
      ForwardPass pass = ForwardPass.recording(used, manager, Set.of("inside", "part"));
      NDArray loss = loss(pass, net.forward(pass, x));
      Tape.backward(loss);
      gradients.put("loss", new float[] {loss.getFloat()});
      gradients.put("x", Objects.requireNonNull(Autograd.gradient(x)).toFloatArray());
      if (leaves != null) {
        gradients.put("weights", leaves.gradient(manager).toFloatArray());
      }
    }
    return gradients;
  }

  private static void assertSame(Map<String, float[]> expected, Map<String, float[]> actual) {
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach((name, values) -> assertArrayEquals(values, actual.get(name), name));
  }

  @Test
  void gradients_equal_those_of_autograd_to_the_bit() {
    Map<String, float[]> expected;
    try (Leaves leaves = weights.leaves()) {
      expected = gradients(false, leaves, leaves);
    }
    try (Leaves leaves = weights.leaves()) {
      assertSame(expected, gradients(true, leaves, leaves));
    }
  }

  @Test
  void gradient_flows_through_frozen_weights() {
    assertSame(gradients(false, weights, null), gradients(true, weights, null));
  }

  /** Blocks run without recording, where the product of two leaves has no trace of them. */
  @Test
  void weights_that_are_computed_of_trained_ones_are_trained() {
    Map<String, float[]> expected;
    try (Leaves leaves = weights.leaves()) {
      expected = gradients(false, computed(leaves), leaves);
    }
    try (Leaves leaves = weights.leaves()) {
      Map<String, float[]> actual = gradients(true, computed(leaves), leaves);
      assertSame(expected, actual);
      assertTrue(actual.get("weights")[0] != 0);
    }
  }

  private static Weights computed(Weights source) {
    return new Weights() {
      @Override
      public Set<String> names() {
        return source.names();
      }

      @Override
      public NDArray get(String name) {
        return Ops.times(source.get(name), 2);
      }
    };
  }

  @Test
  void a_block_runs_once_more_and_only_if_gradient_flows_through_it() {
    try (Scope scope = new Scope();
        Autograd.Mode recording = Autograd.recording();
        Leaves leaves = weights.leaves();
        Tape tape = Tape.open(manager)) {
      NDArray y = net.forward(ForwardPass.of(leaves, manager), input());
      assertEquals(6, net.runs);
      net.forward(ForwardPass.of(weights, manager), input());
      assertEquals(12, net.runs);
      try (Autograd.Mode paused = Autograd.paused()) {
        net.forward(ForwardPass.of(leaves, manager), input());
      }
      net.forward(ForwardPass.of(leaves, manager), input()); // not in the loss
      assertEquals(24, net.runs);
      Tape.backward(y.square().mean());
      assertEquals(30, net.runs);
    }
  }

  /** Notes what is asked for and what is announced. */
  private record Noting(Weights source, List<String> events) implements Weights {
    @Override
    public Set<String> names() {
      return source.names();
    }

    @Override
    public NDArray get(String name) {
      events.add("get " + name);
      return source.get(name);
    }

    @Override
    public void expect(Collection<String> names) {
      names.forEach(name -> events.add("expect " + name));
    }
  }

  @Test
  void the_next_block_back_is_announced_before_one_computes() {
    List<String> events = new ArrayList<>();
    try (Leaves leaves = weights.leaves();
        Autograd.Mode recording = Autograd.recording();
        Tape tape = Tape.open(manager)) {
      Weights noting = new Noting(leaves, events);
      NDArray y = net.forward(ForwardPass.of(noting, manager), input());
      assertTrue(events.stream().allMatch(event -> event.startsWith("get ")), events.toString());
      events.clear();
      Tape.backward(y.square().mean());
    }
    List<String> layers =
        events.stream()
            .filter(event -> event.endsWith(".weight"))
            .map(event -> event.replaceAll(" .*(\\d)\\.weight", " $1"))
            .toList();
    assertEquals(
        List.of(
            "expect 5",
            "expect 4",
            "get 5",
            "expect 3",
            "get 4",
            "expect 2",
            "get 3",
            "expect 1",
            "get 2",
            "expect 0",
            "get 1",
            "get 0"),
        layers);
    assertTrue(events.contains("expect layers.2.bias"), events.toString());
  }

  @Test
  void a_junction_gathers_what_flows_back_between_blocks() {
    float[][] gradients = new float[2][];
    for (int i = 0; i < 2; i++) {
      try (Scope scope = new Scope();
          Autograd.Mode recording = Autograd.recording();
          Tape tape = i == 0 ? null : Tape.open(manager)) {
        NDArray x = Autograd.leaf(input());
        NDArray joined = Tape.junction(Ops.times(x, 0.3).sin());
        assertEquals(i == 0, Autograd.isRecorded(joined));
        NDArray y = net.forward(ForwardPass.of(weights, manager), joined);
        NDArray loss = y.add(Ops.times(joined, 0.7)).mul(joined).mean();
        Tape.backward(loss);
        gradients[i] = Objects.requireNonNull(Autograd.gradient(x)).toFloatArray();
      }
    }
    assertArrayEquals(gradients[0], gradients[1]);
    NDArray constant = input();
    assertTrue(Tape.junction(constant) == constant);
  }

  @Test
  void a_failing_block_leaves_nothing_open() {
    ForwardPass pass = ForwardPass.of(weights, manager);
    int before = manager.getManagedArrays().size();
    for (boolean again : new boolean[] {false, true}) {
      assertThrows(
          IllegalStateException.class,
          () -> {
            int[] runs = {0};
            try (Scope scope = new Scope();
                Autograd.Mode recording = Autograd.recording();
                Tape tape = Tape.open(manager)) {
              NDArray x = Autograd.leaf(input());
              NDArray y =
                  pass.block(
                      "outer",
                      (p, in) ->
                          p.block(
                              "inner",
                              (q, deep) -> {
                                if (!again || runs[0]++ == 1) {
                                  throw new IllegalStateException("out of memory");
                                }
                                return deep[0].square();
                              },
                              in[0]),
                      x);
              Tape.backward(y.mean());
            }
          });
      assertFalse(Autograd.isRecording());
      assertNull(Tape.listening());
      assertEquals(before, manager.getManagedArrays().size());
    }
    gradient_flows_through_frozen_weights();
  }

  @Test
  void a_thread_has_one_tape() {
    try (Tape tape = Tape.open(manager)) {
      String message =
          assertThrows(IllegalStateException.class, () -> Tape.open(manager)).getMessage();
      assertTrue(String.valueOf(message).contains("is open on this thread"), message);
    }
  }

  /** A megabyte that every iteration forgot would be 90. */
  @Test
  void memory_stays_the_same_over_a_hundred_iterations() throws IOException {
    long after10 = 0;
    int arrays = manager.getManagedArrays().size();
    for (int i = 0; i < 100; i++) {
      try (Scope scope = new Scope();
          Autograd.Mode recording = Autograd.recording();
          NDManager iteration = manager.newSubManager();
          Tape tape = Tape.open(iteration)) {
        NDArray x = Autograd.leaf(iteration.ones(new Shape(1 << 18)));
        Pass pass = ForwardPass.of(weights, iteration);
        for (int k = 0; k < 4; k++) {
          x = pass.block("b", (p, in) -> Ops.silu(in[0].square()), Ops.times(x, 0.5));
        }
        Tape.backward(x.mean());
      }
      if (i == 9) {
        after10 = residentBytes();
      }
    }
    assertEquals(arrays, manager.getManagedArrays().size());
    assertTrue(residentBytes() - after10 < 40L << 20, residentBytes() + " after " + after10);
  }

  private static long residentBytes() throws IOException {
    return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * 4096;
  }
}
