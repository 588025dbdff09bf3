package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.Weights;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTests {
  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void large_tensors_and_integers_survive_byte_for_byte() {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("z", Noise.of(1).gaussian(manager, new Shape(1500, 1001)));
    tensors.put("a", manager.create(new long[] {1, -1L << 50}));
    tensors.put("scalar", manager.create(0.1f));
    tensors.put(
        "bytes", manager.create(new byte[] {0, -1, 7}, new Shape(3)).toType(DataType.UINT8, true));
    tensors.put("transposed", Noise.of(2).gaussian(manager, new Shape(700, 800)).transpose());
    tensors.put("empty", manager.create(new Shape(0, 4)));
    Path path = folder.resolve("w.safetensors");
    SafetensorsWriter.write(path, tensors, Map.of("key", "\"value\" é"), DType.F32);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(List.copyOf(tensors.keySet()), List.copyOf(file.entries().keySet()));
      assertEquals(Map.of("key", "\"value\" é"), file.metadata());
      tensors.forEach(
          (name, tensor) -> {
            NDArray back = file.read(name, manager);
            assertEquals(tensor.getShape(), back.getShape());
            assertEquals(tensor.getDataType(), back.getDataType());
            assertArrayEquals(tensor.toByteArray(), back.toByteArray(), name);
          });
    }
  }

  @Test
  void the_layout_is_the_documented_one() throws IOException {
    Path path = folder.resolve("w.safetensors");
    SafetensorsWriter.write(path, Map.of("w", manager.create(1f)), Map.of(), DType.F32);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    int length = (int) bytes.getLong();
    assertEquals(0, length % 8);
    byte[] header = new byte[length];
    bytes.get(header);
    assertEquals(
        "{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}",
        new String(header, StandardCharsets.UTF_8).stripTrailing());
    assertEquals(1f, bytes.getFloat());
    assertEquals(0, bytes.remaining());
  }

  @Test
  void narrow_types_round_to_the_nearest_even_value() {
    float[] values = {
      1 + 0x1p-11f,
      1 + 3 * 0x1p-11f,
      65519f,
      65520f,
      0x1p-24f,
      0x1p-25f,
      -0f,
      Float.NaN,
      Float.NEGATIVE_INFINITY,
      0x1.8p-24f
    };
    float[] halves = {
      1,
      1 + 0x1p-9f,
      65504f,
      Float.POSITIVE_INFINITY,
      0x1p-24f,
      0f,
      -0f,
      Float.NaN,
      Float.NEGATIVE_INFINITY,
      0x1p-23f
    };
    assertArrayEquals(halves, roundTrip(values, DType.F16));
    float[] wide = {1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1e-40f, 3.4e38f, Float.MAX_VALUE, -2.5f};
    float[] brains = {
      1, 1 + 0x1p-6f, Float.intBitsToFloat(1 << 16), Float.intBitsToFloat(0x7F80 << 16), 0, -2.5f
    };
    float[] found = roundTrip(wide, DType.BF16);
    assertEquals(brains[0], found[0]);
    assertEquals(brains[1], found[1]);
    assertEquals(1e-40f, found[2], 5e-41f);
    assertEquals(Float.intBitsToFloat(0x7F80 << 16), found[4]);
    assertEquals(-2.5f, found[5]);
  }

  private float[] roundTrip(float[] values, DType dtype) {
    Path path = folder.resolve(dtype + ".safetensors");
    SafetensorsWriter.write(path, Map.of("w", manager.create(values)), Map.of(), dtype);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(dtype, java.util.Objects.requireNonNull(file.entries().get("w")).dtype());
      return file.read("w", manager).toFloatArray();
    }
  }

  @Test
  void replaces_a_file_and_leaves_nothing_else_behind() throws IOException {
    Path path = folder.resolve("w.safetensors");
    SafetensorsWriter.write(path, Map.of("old", manager.create(1f)), Map.of(), DType.F32);
    SafetensorsWriter.write(path, Map.of("new", manager.create(1f)), Map.of(), DType.F32);
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(java.util.Set.of("new"), file.entries().keySet());
    }
    assertEquals(List.of(path), children());
  }

  @Test
  void a_failure_keeps_the_old_file_and_removes_the_new_one() throws IOException {
    Path path = folder.resolve("w.safetensors");
    SafetensorsWriter.write(path, Map.of("old", manager.create(1f)), Map.of(), DType.F32);
    NDArray closed = manager.create(1f);
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("good", manager.create(2f));
    tensors.put("gone", closed);
    Map<String, NDArray> closing = new LinkedHashMap<>(tensors);
    closed.getShape();
    closed.getDataType();
    closed.close();
    assertThrows(
        RuntimeException.class, () -> SafetensorsWriter.write(path, closing, Map.of(), DType.F32));
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(java.util.Set.of("old"), file.entries().keySet());
    }
    assertEquals(List.of(path), children());
  }

  @Test
  void names_the_file_that_cannot_be_written() {
    Path path = folder.resolve("absent/w.safetensors");
    CheckpointException e =
        assertThrows(
            CheckpointException.class,
            () ->
                SafetensorsWriter.write(
                    path, Map.of("w", manager.create(1f)), Map.of(), DType.F32));
    assertTrue(e.getMessage().contains("absent"), e.getMessage());
  }

  @Test
  void a_network_s_weights_are_made_and_freed_one_by_one() {
    Network network = () -> new Parameters().add(Linear.of("a", 2, 3), Linear.of("b", 3, 1)).list();
    List<NDArray> made = new ArrayList<>();
    Weights weights =
        new Weights() {
          @Override
          public Set<String> names() {
            return Set.of();
          }

          @Override
          public NDArray get(String name) {
            made.forEach(tensor -> assertTrue(((PtNDArray) tensor).isReleased(), name));
            Shape shape = name.startsWith("a") ? shape(name, 3, 2) : shape(name, 1, 3);
            made.add(manager.ones(shape));
            return made.get(made.size() - 1);
          }

          private Shape shape(String name, long out, long in) {
            return name.endsWith("bias") ? new Shape(out) : new Shape(out, in);
          }
        };
    Path path = folder.resolve("w.safetensors");
    SafetensorsWriter.write(path, network, weights, Map.of(), DType.F16);
    assertEquals(4, made.size());
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(
          List.of("a.weight", "a.bias", "b.weight", "b.bias"),
          List.copyOf(file.entries().keySet()));
      assertArrayEquals(
          new float[] {1, 1, 1, 1, 1, 1}, file.read("a.weight", manager).toFloatArray());
    }
  }

  @Test
  void a_weight_of_another_shape_is_refused() {
    Network network = () -> new Parameters().add(Linear.withoutBias("a", 2, 3)).list();
    Weights weights = new MapWeights("memory", Map.of("a.weight", manager.ones(new Shape(2, 3))));
    Path path = folder.resolve("w.safetensors");
    CheckpointException e =
        assertThrows(
            CheckpointException.class,
            () -> SafetensorsWriter.write(path, network, weights, Map.of(), DType.F32));
    assertTrue(e.getMessage().contains("'a.weight' is (2, 3), expected (3, 2)"), e.getMessage());
  }

  private List<Path> children() throws IOException {
    try (Stream<Path> children = Files.list(folder)) {
      return children.toList();
    }
  }
}
