package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Precision;
import dmdx.api.network.LowRank;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.lora.LoraConfig;
import dmdx.nn.lora.LoraNetwork;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ComputeWeightsTests {
  /** More than a mebibyte in every type, so that the file itself may serve as memory. */
  private static final Linear WIDE = Linear.of("wide", 1024, 1024);

  private static final Network NETWORK = () -> new Parameters().add(WIDE).list();

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private TrainableWeights fresh() {
    return TrainableWeights.initialised(NETWORK, 7, manager);
  }

  private CheckpointWeights stored(DType type) {
    SafetensorsWriter.write(folder.resolve("model.safetensors"), NETWORK, fresh(), Map.of(), type);
    return CheckpointWeights.open(folder, "model", null, NETWORK, name -> false, manager);
  }

  private void clearLastElement() throws IOException {
    Path path = folder.resolve("model.safetensors");
    try (SafetensorsFile file = SafetensorsFile.open(path);
        RandomAccessFile bytes = new RandomAccessFile(path.toFile(), "rw")) {
      SafetensorsFile.Entry entry = Objects.requireNonNull(file.entries().get("wide.weight"));
      bytes.seek(entry.end() - entry.dtype().bytes());
      bytes.write(new byte[entry.dtype().bytes()]);
    }
  }

  private static float[] floats(NDArray x) {
    return Ops.cast(x, DataType.FLOAT32).toFloatArray();
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void a_frozen_weight_is_held_in_the_compute_type_alone(Precision precision) {
    try (CheckpointWeights checkpoint = stored(DType.F32)) {
      Weights weights = ComputeWeights.of(checkpoint, precision, manager);
      NDArray expected = Ops.cast(fresh().get("wide.weight"), DType.of(precision).stored());
      NDArray weight = weights.get("wide.weight");
      assertArrayEquals(floats(expected), floats(weight));
      assertEquals(DType.of(precision).stored(), Ops.typeOf(weight));
      assertSame(weight, ComputeWeights.of(checkpoint, precision, manager).get("wide.weight"));
      assertEquals(DType.of(precision).bytes() * 1024L * 1024, checkpoint.bytes());
    }
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void a_file_of_the_compute_type_is_used_in_place(Precision precision) throws IOException {
    try (CheckpointWeights checkpoint = stored(DType.of(precision))) {
      NDArray weight;
      try (Scope scope = new Scope()) {
        weight = ComputeWeights.of(checkpoint, precision, manager).get("wide.weight");
      }
      System.gc();
      assertArrayEquals(
          floats(Ops.cast(fresh().get("wide.weight"), DType.of(precision).stored())),
          floats(weight));
      assertEquals(new Shape(1024, 1024), weight.getShape());
      clearLastElement();
      assertEquals(0, floats(weight)[1024 * 1024 - 1], "the tensor is no copy of the file");
    }
  }

  @Test
  void a_copy_for_training_leaves_nothing_behind() {
    try (CheckpointWeights checkpoint = stored(DType.BF16);
        TrainableWeights copy = TrainableWeights.copyOf(NETWORK, checkpoint, manager)) {
      assertArrayEquals(
          floats(Ops.cast(fresh().get("wide.weight"), DataType.BFLOAT16)),
          floats(copy.get("wide.weight")));
      assertEquals(0, checkpoint.bytes());
    }
  }

  @Test
  void masters_collect_float32_gradients_of_a_rounded_network() {
    NDArray x = Noise.of("x").gaussian(manager, new Shape(4, 1024));
    NDArray exact = gradient(x, Precision.FP32);
    NDArray rounded = gradient(x, Precision.BF16);
    assertEquals(DataType.FLOAT32, rounded.getDataType());
    double dot = exact.mul(rounded).sum().getFloat();
    double cosine = dot / (exact.norm().getFloat() * (double) rounded.norm().getFloat());
    assertTrue(cosine > 0.999 && cosine < 1 - 1e-9, "cosine " + cosine);
  }

  private NDArray gradient(NDArray x, Precision precision) {
    try (TrainableWeights weights = fresh();
        Leaves leaves = weights.leaves();
        Autograd.Mode recording = Autograd.recording()) {
      Pass pass = ForwardPass.of(ComputeWeights.of(leaves, precision, manager), manager);
      NDArray y = WIDE.forward(pass, x);
      assertEquals(DType.of(precision).stored(), Ops.typeOf(y));
      Autograd.backward(Ops.cast(y, DataType.FLOAT32).square().sum());
      return leaves.gradient(manager);
    }
  }

  @Test
  void adapters_stay_float32_over_a_rounded_base() {
    LoraNetwork lora = LoraNetwork.of(NETWORK, new LoraConfig(4, 4, List.of("wide")));
    try (CheckpointWeights checkpoint = stored(DType.BF16);
        TrainableWeights adapters = TrainableWeights.initialised(lora, 3, manager);
        Leaves leaves = adapters.leaves();
        Autograd.Mode recording = Autograd.recording()) {
      Weights whole = lora.over(ComputeWeights.of(checkpoint, Precision.BF16, manager), leaves);
      LowRank parts = Objects.requireNonNull(whole.lowRank("wide.weight"));
      assertEquals(DataType.BFLOAT16, Ops.typeOf(parts.base()));
      assertEquals(DataType.FLOAT32, Ops.typeOf(parts.down()));
      assertEquals(DataType.BFLOAT16, Ops.typeOf(whole.get("wide.weight")));
      NDArray x = Noise.of("x").gaussian(manager, new Shape(4, 1024));
      NDArray y = WIDE.forward(ForwardPass.of(whole, manager), x);
      Autograd.backward(Ops.cast(y, DataType.FLOAT32).square().sum());
      NDArray gradient = leaves.gradient(manager);
      assertEquals(DataType.FLOAT32, gradient.getDataType());
      assertTrue(gradient.norm().getFloat() > 0);
    }
  }
}
