package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Scope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointWeightsTests {
  private static final Network NETWORK =
      () ->
          new Parameters()
              .add("a.weight", new Initial.Zeros(), 2, 2)
              .add("b", new Initial.Zeros(), 3)
              .list();

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray a() {
    return manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
  }

  private NDArray b() {
    return manager.create(new float[] {5, 6, 7});
  }

  private void write(String file, Map<String, NDArray> tensors, DType dtype) {
    SafetensorsWriter.write(folder.resolve(file), tensors, Map.of(), dtype);
  }

  private CheckpointWeights open(@Nullable String variant) {
    return CheckpointWeights.open(
        folder, "model", variant, NETWORK, "position_ids"::equals, manager);
  }

  private String failure() {
    return assertThrows(CheckpointException.class, () -> open(null)).getMessage();
  }

  @Test
  void reads_half_precision_as_float32_and_skips_what_may_be_there() {
    write(
        "model.fp16.safetensors",
        Map.of("a.weight", a(), "b", b(), "position_ids", manager.create(new long[] {0, 1})),
        DType.F16);
    try (CheckpointWeights weights = open("fp16")) {
      assertEquals(List.of("a.weight", "b"), List.copyOf(weights.names()));
      assertEquals(DataType.FLOAT32, weights.get("b").getDataType());
      assertArrayEquals(new float[] {5, 6, 7}, weights.get("b").toFloatArray());
      assertThrows(CheckpointException.class, () -> weights.get("position_ids"));
    }
  }

  @Test
  void a_weight_is_read_once_and_outlives_scopes() {
    write("model.safetensors", Map.of("a.weight", a(), "b", b()), DType.F32);
    try (CheckpointWeights weights = open(null)) {
      NDArray first;
      try (Scope scope = new Scope()) {
        first = weights.get("a.weight");
      }
      assertSame(first, weights.get("a.weight"));
      assertArrayEquals(new float[] {1, 2, 3, 4}, first.toFloatArray());
    }
  }

  @Test
  void all_problems_are_told_together() {
    write(
        "model.safetensors",
        Map.of("b", manager.create(new float[2]), "c", manager.create(1f)),
        DType.F32);
    String message = failure();
    assertTrue(message.contains("'a.weight' [2, 2] is missing"), message);
    assertTrue(message.contains("'b' in model.safetensors is [2], expected [3]"), message);
    assertTrue(message.contains("'c' in model.safetensors is unknown"), message);
  }

  @Test
  void integers_are_no_weights() {
    write(
        "model.safetensors", Map.of("a.weight", a(), "b", manager.create(new long[3])), DType.F32);
    assertTrue(failure().contains("has type I64"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"model.safetensors.index.fp16.json", "model.fp16.safetensors.index.json"})
  void finds_shards_through_their_index(String index) throws IOException {
    write("one.safetensors", Map.of("a.weight", a()), DType.F32);
    write("two.safetensors", Map.of("b", b()), DType.F32);
    Files.writeString(
        folder.resolve(index),
        "{\"metadata\":{},\"weight_map\":{\"a.weight\":\"one.safetensors\",\"b\":\"two.safetensors\"}}");
    try (CheckpointWeights weights = open("fp16")) {
      assertArrayEquals(new float[] {1, 2, 3, 4}, weights.get("a.weight").toFloatArray());
      assertArrayEquals(new float[] {5, 6, 7}, weights.get("b").toFloatArray());
    }
  }

  @Test
  void an_index_that_does_not_fit_its_shards_is_refused() throws IOException {
    write("one.safetensors", Map.of("a.weight", a(), "extra", b()), DType.F32);
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a.weight\":\"one.safetensors\",\"b\":\"one.safetensors\"}}");
    String message = failure();
    assertTrue(message.contains("'b' is not in one.safetensors"), message);
    assertTrue(message.contains("'extra' in one.safetensors is not listed"), message);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x.safetensors", "/etc/passwd", "", "..", "a\\\\b"})
  void a_shard_outside_the_folder_is_refused(String shard) throws IOException {
    Files.writeString(
        folder.resolve("model.safetensors.index.json"),
        "{\"weight_map\":{\"a.weight\":\"%s\"}}".formatted(shard));
    assertTrue(failure().contains("the same folder"));
  }

  @Test
  void says_what_was_looked_for_and_what_is_there() {
    write("model.fp16.safetensors", Map.of("b", b()), DType.F16);
    String message = failure();
    assertTrue(message.contains("no model.safetensors"), message);
    assertTrue(message.contains("model.fp16.safetensors"), message);
  }
}
