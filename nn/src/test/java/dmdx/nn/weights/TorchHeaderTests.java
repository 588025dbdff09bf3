package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchHeaderTests {
  private static final byte[] SIX = floats(1, 2, 3, 4, 5, 6);
  private static final byte[] HALVES = {0, 0x3c, 0, (byte) 0xc0}; // 1 and -2

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void frees() {
    manager.close();
  }

  /** Writes the codes of a pickle, as PyTorch does. */
  private static final class Pickle {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Pickle() {
      codes(0x80, 2);
    }

    Pickle codes(int... codes) {
      for (int code : codes) {
        out.write(code);
      }
      return this;
    }

    Pickle text(String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      codes('X').codes(bytes.length, 0, 0, 0);
      out.writeBytes(bytes);
      return codes('q', 0);
    }

    Pickle global(String module, String name) {
      codes('c');
      out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
      return this;
    }

    Pickle numbers(int... numbers) {
      codes('(');
      for (int number : numbers) {
        codes('K', number);
      }
      return codes('t');
    }

    /** {@code _rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())}. */
    Pickle tensor(String type, String key, int elements, int offset, int[] shape, int[] strides) {
      global("torch._utils", "_rebuild_tensor_v2").codes('(', '(').text("storage");
      global("torch", type).text(key).text("cpu").codes('K', elements, 't', 'Q');
      codes('K', offset).numbers(shape).numbers(strides).codes(0x89);
      return global("collections", "OrderedDict").codes(')', 'R', 't', 'R');
    }

    byte[] end() {
      return codes('.').out.toByteArray();
    }
  }

  private static byte[] floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      bytes.putFloat(value);
    }
    return bytes.array();
  }

  /** {@code {"epoch": 3, "state_dict": OrderedDict(a=[2, 3], b=the second row of a, c=halves)}}. */
  private static byte[] nested() {
    Pickle pickle = new Pickle().codes('}', 'q', 1, '(').text("epoch").codes('K', 3);
    pickle.text("state_dict").global("collections", "OrderedDict").codes(')', 'R', '(');
    pickle.text("a").tensor("FloatStorage", "0", 6, 0, new int[] {2, 3}, new int[] {3, 1});
    pickle.text("b").tensor("FloatStorage", "0", 6, 3, new int[] {3}, new int[] {1});
    pickle.text("c").tensor("HalfStorage", "1", 2, 0, new int[] {2}, new int[] {1});
    pickle.codes('u', '}').text("_metadata").codes('N', 's', 'b', 'u');
    return pickle.end();
  }

  private Path zip(String name, byte[] pickle, List<byte[]> storages) throws IOException {
    Path file = folder.resolve(name);
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      store(zip, "archive/data.pkl", pickle);
      for (int i = 0; i < storages.size(); i++) {
        store(zip, "archive/data/" + i, storages.get(i));
      }
      store(zip, "archive/version", new byte[] {'3', '\n'});
    }
    return file;
  }

  private static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }

  private void assertNested(Path path) {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      assertEquals(Set.of("a", "b", "c"), file.entries().keySet());
      NDArray a = file.read("a", manager);
      assertEquals(new Shape(2, 3), a.getShape());
      assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, a.toFloatArray());
      assertArrayEquals(new float[] {4, 5, 6}, file.read("b", manager).toFloatArray());
      assertArrayEquals(new float[] {4, 5, 6}, file.readRows("a", 1, 2, manager).toFloatArray());
      assertArrayEquals(new float[] {1, -2}, file.read("c", manager).toFloatArray());
    }
  }

  @Test
  void reads_a_zip_archive() throws IOException {
    assertNested(zip("model.pt", nested(), List.of(SIX, HALVES)));
  }

  @Test
  void reads_the_layout_before_version_1_6() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Pickle magic = new Pickle().codes(0x8a, 10);
    out.writeBytes(magic.codes(0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19).end());
    out.writeBytes(new Pickle().codes('M', 0xe9, 3).end());
    out.writeBytes(new Pickle().codes('}', '(').text("little_endian").codes(0x88, 'u').end());
    out.writeBytes(nested());
    out.writeBytes(new Pickle().codes(']', '(').text("1").text("0").codes('e').end());
    out.writeBytes(new byte[] {2, 0, 0, 0, 0, 0, 0, 0});
    out.writeBytes(HALVES);
    out.writeBytes(new byte[] {6, 0, 0, 0, 0, 0, 0, 0});
    out.writeBytes(SIX);
    assertNested(Files.write(folder.resolve("old.pth"), out.toByteArray()));
  }

  private String message(Path file) {
    return String.valueOf(
        assertThrows(CheckpointException.class, () -> SafetensorsFile.open(file).close())
            .getMessage());
  }

  @Test
  void a_whole_model_is_no_state_dict() throws IOException {
    byte[] model =
        new Pickle()
            .global("acme", "Model")
            .codes(')', 0x81, '}')
            .text("x")
            .codes('N', 's', 'b')
            .end();
    String message = message(zip("model.pth", model, List.of()));
    assertTrue(message.contains("model.pth: holds no state_dict"), message);
  }

  @Test
  void a_transposed_tensor_is_refused_by_name() throws IOException {
    Pickle pickle = new Pickle().codes('}', '(').text("turned");
    pickle.tensor("FloatStorage", "0", 6, 0, new int[] {3, 2}, new int[] {1, 3}).codes('u');
    String message = message(zip("model.pth", pickle.end(), List.of(SIX)));
    assertTrue(message.contains("tensor 'turned'"), message);
    assertTrue(message.contains("contiguous()"), message);
  }

  @Test
  void a_tensor_beyond_its_storage_is_refused() throws IOException {
    Pickle pickle = new Pickle().codes('}', '(').text("long");
    pickle.tensor("FloatStorage", "0", 6, 4, new int[] {3}, new int[] {1}).codes('u');
    String message = message(zip("model.pth", pickle.end(), List.of(SIX)));
    assertTrue(message.contains("tensor 'long' reaches beyond its storage"), message);
  }

  @Test
  void another_zip_archive_is_told_apart() throws IOException {
    Path file = folder.resolve("other.pt");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      store(zip, "readme", new byte[] {1});
    }
    String message = message(file);
    assertTrue(message.contains("other.pt: cannot be read"), message);
    assertTrue(message.contains("without data.pkl"), message);
  }
}
