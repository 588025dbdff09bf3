package dmdx.nn.weights;

import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.nn.weights.SafetensorsFile.Entry;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;

/**
 * Where the tensors of a {@code state_dict} lie in a file that {@code torch.save} wrote. Either
 * layout holds their bytes as they are in memory:
 *
 * <pre>
 * since 1.6   a zip archive, nothing compressed: &lt;name&gt;/data.pkl, &lt;name&gt;/data/&lt;key&gt; per storage
 * before      pickles of a magic number, the version, the system, the object and the storages' keys;
 *             then each storage: the number of its elements as 8 bytes, its elements
 * </pre>
 *
 * <p>The object is the {@code state_dict}, or a map that has one of that name.
 */
final class TorchHeader {
  private static final int ZIP = 0x04034b50; // PK, 3, 4
  private static final int LEGACY = 0x0a8a0280; // protocol 2, a long of 10 bytes: the magic number
  private static final String INDEX = "/data.pkl";
  private static final Map<String, DType> TYPES =
      Map.of(
          "torch.DoubleStorage", DType.F64,
          "torch.FloatStorage", DType.F32,
          "torch.HalfStorage", DType.F16,
          "torch.BFloat16Storage", DType.BF16,
          "torch.LongStorage", DType.I64,
          "torch.IntStorage", DType.I32,
          "torch.CharStorage", DType.I8,
          "torch.ByteStorage", DType.U8,
          "torch.BoolStorage", DType.BOOL);

  private TorchHeader() {}

  /** Whether a file that begins so is one of these. */
  static boolean begins(ByteBuffer firstEight) {
    int first = firstEight.duplicate().order(ByteOrder.LITTLE_ENDIAN).getInt(0);
    return first == ZIP || first == LEGACY;
  }

  /**
   * @throws CheckpointException if the file is damaged or holds no {@code state_dict}
   */
  static SafetensorsHeader read(Path path, FileChannel channel) throws IOException {
    ByteBuffer first = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN);
    channel.read(first, 0);
    Contents contents = first.getInt(0) == ZIP ? archive(path) : legacy(channel);
    return new SafetensorsHeader(
        Map.of(), Collections.unmodifiableMap(contents.entries(path, channel.size())));
  }

  /** What was pickled, and where each storage begins in the file. */
  private record Contents(Object root, Map<String, Long> storages) {

    Map<String, Entry> entries(Path path, long length) {
      Object dictionary =
          root instanceof Map<?, ?> map && map.get("state_dict") instanceof Map<?, ?> inner
              ? inner
              : root;
      Map<String, Entry> entries = new LinkedHashMap<>();
      if (dictionary instanceof Map<?, ?> map) {
        map.forEach(
            (name, value) -> {
              if (name instanceof String text && value instanceof TorchPickle.Tensor tensor) {
                entries.put(text, entry(path, text, tensor, length));
              }
            });
      }
      if (entries.isEmpty()) {
        throw new CheckpointException(
            "%s: holds no state_dict, that is tensors by name. Load it in PyTorch and save its state_dict."
                .formatted(path));
      }
      return entries;
    }

    private Entry entry(Path path, String name, TorchPickle.Tensor tensor, long length) {
      DType type = TYPES.get(tensor.storage().type());
      Long begin = storages.get(tensor.storage().key());
      if (type == null || begin == null || !isRowMajor(tensor)) {
        throw new CheckpointException(
            "%s: tensor '%s' is of a %s%s, or its elements are not in a row. Load it in PyTorch and save contiguous() tensors."
                .formatted(
                    path, name, tensor.storage().type(), begin == null ? " that is missing" : ""));
      }
      Shape shape = new Shape(tensor.shape());
      long from = begin + tensor.offset() * type.bytes();
      long to = from + shape.size() * type.bytes();
      if (tensor.offset() < 0
          || tensor.offset() + shape.size() > tensor.storage().elements()
          || to > length) {
        throw new CheckpointException(
            "%s: tensor '%s' reaches beyond its storage. The file is damaged; download it again."
                .formatted(path, name));
      }
      return new Entry(type, shape, from, to);
    }

    private static boolean isRowMajor(TorchPickle.Tensor tensor) {
      long step = 1;
      for (int axis = tensor.shape().length - 1; axis >= 0; axis--) {
        if (tensor.shape()[axis] != 1 && tensor.strides()[axis] != step) {
          return false;
        }
        step *= tensor.shape()[axis];
      }
      return true;
    }
  }

  private static Contents archive(Path path) throws IOException {
    try (ZipFile zip = ZipFile.builder().setPath(path).get()) {
      List<ZipArchiveEntry> files = Collections.list(zip.getEntries());
      ZipArchiveEntry index =
          files.stream()
              .filter(file -> file.getName().endsWith(INDEX))
              .findFirst()
              .orElseThrow(
                  () -> new IOException("a zip archive without data.pkl, not of torch.save"));
      String name = index.getName();
      String data = name.substring(0, name.length() - INDEX.length()) + "/data/";
      Map<String, Long> storages = new HashMap<>();
      for (ZipArchiveEntry file : files) {
        if (file.getName().startsWith(data)) {
          if (file.getMethod() != ZipArchiveEntry.STORED) {
            throw new IOException(file.getName() + " is compressed");
          }
          storages.put(file.getName().substring(data.length()), file.getDataOffset());
        }
      }
      try (InputStream in = new BufferedInputStream(zip.getInputStream(index))) {
        return new Contents(root(in), storages);
      }
    }
  }

  private static Contents legacy(FileChannel channel) throws IOException {
    channel.position(0);
    Counted in = new Counted(new BufferedInputStream(Channels.newInputStream(channel)));
    for (int skipped = 0; skipped < 3; skipped++) {
      TorchPickle.read(in);
    }
    Object root = root(in);
    List<String> keys = new ArrayList<>();
    if (TorchPickle.read(in) instanceof List<?> list) {
      list.forEach(key -> keys.add(String.valueOf(key)));
    }
    Map<String, Integer> widths = new HashMap<>();
    tensors(root)
        .forEach(
            tensor -> {
              DType type = TYPES.get(tensor.storage().type());
              widths.put(tensor.storage().key(), type == null ? 0 : type.bytes());
            });
    Map<String, Long> storages = new HashMap<>();
    long at = in.count;
    ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    for (String key : keys) {
      number.clear();
      channel.read(number, at);
      storages.put(key, at + 8);
      at += 8 + number.getLong(0) * widths.getOrDefault(key, 0);
    }
    return new Contents(root, storages);
  }

  /** All tensors in maps, at any depth. */
  private static List<TorchPickle.Tensor> tensors(Object value) {
    List<TorchPickle.Tensor> found = new ArrayList<>();
    if (value instanceof TorchPickle.Tensor tensor) {
      found.add(tensor);
    } else if (value instanceof Map<?, ?> map) {
      map.values().stream()
          .filter(inner -> inner != null)
          .forEach(inner -> found.addAll(tensors(inner)));
    }
    return found;
  }

  private static Object root(InputStream in) throws IOException {
    Object root = TorchPickle.read(in);
    return root == null ? "nothing" : root;
  }

  /** Counts what is read. */
  private static final class Counted extends InputStream {
    private final InputStream in;
    private long count;

    Counted(InputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      int value = in.read();
      count += value < 0 ? 0 : 1;
      return value;
    }

    @Override
    public int read(byte[] target, int from, int length) throws IOException {
      int bytes = in.read(target, from, length);
      count += Math.max(0, bytes);
      return bytes;
    }
  }
}
