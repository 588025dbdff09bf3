package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTests {
  @TempDir Path folder;

  private Path file(String header, int dataLength) throws IOException {
    return file(header.getBytes(StandardCharsets.UTF_8), new byte[dataLength]);
  }

  private Path file(byte[] header, byte[] data) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(header.length).put(header).put(data);
    return Files.write(folder.resolve("x.safetensors"), bytes.array());
  }

  private static String tensor(String dtype, String shape, String offsets) {
    return "{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}".formatted(dtype, shape, offsets);
  }

  @ParameterizedTest(name = "{1}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "not json | not valid JSON",
        "{\"a\":1 | not valid JSON",
        "{} {} | not valid JSON",
        "[] | not a JSON object",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}} | Duplicate",
        "{\"a\":{\"dtype\":\"U8\",\"dtype\":\"F32\",\"shape\":[8],\"data_offsets\":[0,8]}}"
            + " | Duplicate field",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[6],\"data_offsets\":[0,6]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}} | overlap",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[0,8]}} | 'a' and 'b' overlap",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
            + "\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}} | 2 unused bytes",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}} | unused bytes follow",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[9],\"data_offsets\":[0,9]}} | inside the 8 data bytes",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[8,0]}} | [begin, end]",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[8]}} | [begin, end]",
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":[-8,0]}} | from 0 on",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | from 0 on",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}} | from 0 on",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,8]}}"
            + " | from 0 on",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387905,4],\"data_offsets\":[0,8]}}"
            + " | too large to exist",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | needs 12 bytes",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":\"2\",\"data_offsets\":[0,8]}} | list of numbers",
        "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}} | list of numbers",
        "{\"a\":{\"dtype\":\"F3\",\"shape\":[2],\"data_offsets\":[0,8]}} | expected one of [F64",
        "{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}} | expected one of",
        "{\"a\":7} | not a JSON object",
        "{\"__metadata__\":{\"k\":1}} | expected a text",
        "{\"__metadata__\":[]} | '__metadata__' is not",
      })
  void rejects_a_hostile_header(String header, String message) throws IOException {
    Path path = file(header, 8);
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> SafetensorsFile.open(path));
    assertTrue(e.getMessage().contains(message), e.getMessage());
    assertTrue(e.getMessage().contains("x.safetensors"), e.getMessage());
  }

  @Test
  void rejects_a_header_that_is_not_utf8() throws IOException {
    Path path = file(new byte[] {'{', '"', (byte) 0xFF, '"', ':', '1', '}'}, new byte[0]);
    assertThrows(CheckpointException.class, () -> SafetensorsFile.open(path));
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, 3, 100_000_001, Long.MAX_VALUE, Long.MIN_VALUE})
  void rejects_an_absurd_header_length(long length) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put((byte) '{').put((byte) '}');
    Path path = Files.write(folder.resolve("x.safetensors"), bytes.array());
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> SafetensorsFile.open(path));
    assertTrue(e.getMessage().contains(Long.toUnsignedString(length)), e.getMessage());
  }

  @Test
  void rejects_a_file_cut_anywhere() throws IOException {
    byte[] whole = Files.readAllBytes(file("{\"a\":" + tensor("F32", "[2]", "[0,8]") + "}", 8));
    Path cut = folder.resolve("cut.safetensors");
    for (int length = 0; length < whole.length; length++) {
      Files.write(cut, java.util.Arrays.copyOf(whole, length));
      assertThrows(CheckpointException.class, () -> SafetensorsFile.open(cut), "length " + length);
    }
  }

  @Test
  void names_a_missing_file_and_a_missing_tensor() throws IOException {
    Path absent = folder.resolve("absent.safetensors");
    assertThrows(CheckpointException.class, () -> SafetensorsFile.open(absent));
    try (SafetensorsFile file = SafetensorsFile.open(file("{}", 0));
        NDManager manager = NDManager.newBaseManager()) {
      assertTrue(file.entries().isEmpty());
      CheckpointException e =
          assertThrows(CheckpointException.class, () -> file.read("w", manager));
      assertTrue(e.getMessage().contains("'w'"), e.getMessage());
    }
  }

  @Test
  void every_float16_value_becomes_the_same_float32() throws IOException {
    byte[] data = new byte[1 << 17];
    ByteBuffer halves = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    for (int bits = 0; bits < 1 << 16; bits++) {
      halves.putShort((short) bits);
    }
    float[] values = read("{\"a\":" + tensor("F16", "[65536]", "[0,131072]") + "}", data);
    for (int bits = 0; bits < 1 << 16; bits++) {
      assertSame(half(bits), values[bits], bits);
    }
  }

  @Test
  void every_bfloat16_value_becomes_the_same_float32() throws IOException {
    byte[] data = new byte[1 << 17];
    ByteBuffer halves = ByteBuffer.wrap(data).order(ByteOrder.LITTLE_ENDIAN);
    for (int bits = 0; bits < 1 << 16; bits++) {
      halves.putShort((short) bits);
    }
    float[] values = read("{\"a\":" + tensor("BF16", "[65536]", "[0,131072]") + "}", data);
    for (int bits = 0; bits < 1 << 16; bits++) {
      assertSame(Float.intBitsToFloat(bits << 16), values[bits], bits);
    }
  }

  private static void assertSame(float expected, float actual, int bits) {
    assertTrue(
        Float.isNaN(expected)
            ? Float.isNaN(actual)
            : Float.floatToRawIntBits(expected) == Float.floatToRawIntBits(actual),
        () -> Integer.toHexString(bits) + " is " + actual + ", expected " + expected);
  }

  private static float half(int bits) {
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    double magnitude =
        switch (exponent) {
          case 0 -> Math.scalb((double) fraction, -24);
          case 31 -> fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
          default -> Math.scalb(1024.0 + fraction, exponent - 25);
        };
    return (float) ((bits & 0x8000) == 0 ? magnitude : -magnitude);
  }

  private float[] read(String header, byte[] data) throws IOException {
    try (SafetensorsFile file =
            SafetensorsFile.open(file(header.getBytes(StandardCharsets.UTF_8), data));
        NDManager manager = NDManager.newBaseManager()) {
      return file.read("a", manager).toFloatArray();
    }
  }

  @Test
  void reads_integers_scalars_and_empty_tensors_at_odd_offsets() throws IOException {
    ByteBuffer data = ByteBuffer.allocate(1 + 8 + 4 + 8 + 2 + 4).order(ByteOrder.LITTLE_ENDIAN);
    data.put((byte) 200).putLong(-5L << 40).putInt(-7).putDouble(0.1);
    data.put((byte) 1).put((byte) 0).putFloat(2.5f);
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},\"u\":%s,\"l\":%s,\"i\":%s,\"d\":%s,\"b\":%s,\"f\":%s,\"e\":%s}"
            .formatted(
                tensor("U8", "[1]", "[0,1]"),
                tensor("I64", "[1]", "[1,9]"),
                tensor("I32", "[1,1]", "[9,13]"),
                tensor("F64", "[]", "[13,21]"),
                tensor("BOOL", "[2]", "[21,23]"),
                tensor("F32", "[]", "[23,27]"),
                tensor("F32", "[0,3]", "[27,27]"));
    try (SafetensorsFile file =
            SafetensorsFile.open(file(header.getBytes(StandardCharsets.UTF_8), data.array()));
        NDManager manager = NDManager.newBaseManager()) {
      assertEquals("pt", file.metadata().get("format"));
      assertEquals(
          List.of("u", "l", "i", "d", "b", "f", "e"), List.copyOf(file.entries().keySet()));
      assertEquals(200, file.read("u", manager).toUint8Array()[0]);
      assertEquals(DataType.UINT8, file.read("u", manager).getDataType());
      assertEquals(-5L << 40, file.read("l", manager).toLongArray()[0]);
      assertEquals(-7, file.read("i", manager).toIntArray()[0]);
      assertEquals(0.1, file.read("d", manager).toDoubleArray()[0]);
      assertArrayEquals(new boolean[] {true, false}, file.read("b", manager).toBooleanArray());
      NDArray scalar = file.read("f", manager);
      assertEquals(new Shape(), scalar.getShape());
      assertEquals(2.5f, scalar.getFloat());
      assertEquals(new Shape(0, 3), file.read("e", manager).getShape());
    }
  }

  @Test
  void reads_single_rows() throws IOException {
    ByteBuffer data = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < 6; i++) {
      data.putFloat(i);
    }
    byte[] header =
        ("{\"x\":" + tensor("F32", "[3,2]", "[0,24]") + "}").getBytes(StandardCharsets.UTF_8);
    Path path = file(header, data.array());
    try (NDManager manager = NDManager.newBaseManager();
        SafetensorsFile file = SafetensorsFile.open(path)) {
      NDArray rows = file.readRows("x", 1, 3, manager);
      assertEquals(new Shape(2, 2), rows.getShape());
      assertArrayEquals(new float[] {2, 3, 4, 5}, rows.toFloatArray());
      assertThrows(IndexOutOfBoundsException.class, () -> file.readRows("x", 2, 4, manager));
    }
  }

  @Test
  void a_tensor_is_a_copy_that_outlives_the_file() throws IOException {
    Path path = file("{\"a\":" + tensor("F32", "[600000]", "[0,2400000]") + "}", 2_400_000);
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray tensor;
      try (SafetensorsFile file = SafetensorsFile.open(path)) {
        tensor = file.read("a", manager);
      }
      tensor.addi(1);
      assertEquals(600_000f, tensor.sum().getFloat());
      try (SafetensorsFile file = SafetensorsFile.open(path)) {
        assertEquals(0f, file.read("a", manager).sum().getFloat());
      }
    }
  }
}
