package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.HostMemory;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Prefetch;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file open for reading.
 *
 * <p>The format: the header's length as 8 bytes little endian; a JSON object from tensor name to
 * {@code {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}} with offsets counted from
 * the end of the header, and texts under {@code __metadata__}; then the tensors' raw bytes, row
 * major, little endian, without gaps.
 *
 * <p>A file that {@code torch.save} wrote is read as well, see {@link TorchHeader}.
 *
 * <p>The header is checked in full when the file is opened. Tensors are read from mapped memory
 * when asked for. Methods may be called from several threads.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int STAGED = 1 << 20;
  private static final long MAPPED = 1L << 30;

  /** By tensor; it stays mapped for whatever may alias the tensors on it. */
  private final Map<String, ByteBuffer> mapped = new HashMap<>();

  private final Path path;
  private final FileChannel channel;
  private final SafetensorsHeader header;
  private final ByteBuffer staging = direct(STAGED);
  private final boolean own;

  private SafetensorsFile(Path path, FileChannel channel, SafetensorsHeader header) {
    this.path = path;
    this.channel = channel;
    this.header = header;
    own = Files.isWritable(path);
  }

  /**
   * A tensor of the file.
   *
   * @param dtype element type in the file
   * @param shape {@code []} for scalars
   * @param begin position of the first byte in the file
   * @param end position after the last byte
   */
  public record Entry(DType dtype, Shape shape, long begin, long end) {}

  /**
   * Opens a file and checks its header.
   *
   * @throws CheckpointException naming the file if it is missing, damaged or of another format
   */
  public static SafetensorsFile open(Path path) {
    FileChannel channel = null;
    try {
      channel = FileChannel.open(path, StandardOpenOption.READ);
      SafetensorsFile file = new SafetensorsFile(path, channel, header(path, channel));
      channel = null;
      return file;
    } catch (NoSuchFileException e) {
      throw new CheckpointException(path + ": there is no such file. Check the path.", e);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s). It has to be a readable safetensors file."
              .formatted(path, Unreadable.why(e)),
          e);
    } finally {
      closeQuietly(channel);
    }
  }

  private static void closeQuietly(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // the failure that led here is the one to report
      }
    }
  }

  private static SafetensorsHeader header(Path path, FileChannel channel) throws IOException {
    long fileLength = channel.size();
    if (fileLength < 8) {
      throw new CheckpointException(
          "%s: has %d bytes, fewer than the 8 that give the header's length. Download or write it"
                  .formatted(path, fileLength)
              + " again.");
    }
    ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    readFully(channel, length, 0);
    if (TorchHeader.begins(length)) {
      return TorchHeader.read(path, channel);
    }
    long headerLength = length.getLong(0);
    if (headerLength < 0
        || headerLength > SafetensorsHeader.MAX_LENGTH
        || headerLength > fileLength - 8) {
      throw new CheckpointException(
          "%s: says its header has %s bytes; the file has %d and a header at most %d. It is"
                  .formatted(
                      path,
                      Long.toUnsignedString(headerLength),
                      fileLength,
                      SafetensorsHeader.MAX_LENGTH)
              + " truncated or not a safetensors file; download or write it again.");
    }
    ByteBuffer json = ByteBuffer.allocate((int) headerLength);
    readFully(channel, json, 8);
    return SafetensorsHeader.parse(path, json.array(), fileLength - 8 - headerLength);
  }

  public Path path() {
    return path;
  }

  /** The texts under {@code __metadata__}; empty if there are none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /** All tensors by name, in header order. */
  public Map<String, Entry> entries() {
    return header.entries();
  }

  /**
   * A copy of a tensor, in its shape in the file, on the owner's device. F16 and BF16 become
   * float32; other types stay.
   *
   * @throws CheckpointException naming the file if there is no such tensor or reading fails
   */
  public NDArray read(String name, NDManager owner) {
    Entry entry = entry(name);
    return read(name, entry, owner.create(entry.shape(), entry.dtype().inMemory()));
  }

  /**
   * A copy of the rows {@code from} (inclusive) to {@code to} (exclusive) of a tensor, as {@link
   * #read} gives it; only these are read from the file.
   *
   * @throws IndexOutOfBoundsException if there are no such rows
   */
  public NDArray readRows(String name, long from, long to, NDManager owner) {
    Entry whole = entry(name);
    long rows = whole.shape().get(0);
    Objects.checkFromToIndex(from, to, rows);
    long[] shape = whole.shape().getShape().clone();
    shape[0] = to - from;
    long width = (whole.end() - whole.begin()) / rows;
    Entry part =
        new Entry(
            whole.dtype(),
            new Shape(shape),
            whole.begin() + from * width,
            whole.begin() + to * width);
    return read(name, part, owner.create(part.shape(), part.dtype().inMemory()));
  }

  /**
   * A tensor of floating-point numbers in a type of the caller's choice, for reading only.
   *
   * <p>Large tensors that the file has in that type, on the CPU, are the mapped file itself: their
   * pages are shared with other readers and given back under memory pressure. The file must not be
   * cut short or overwritten in place meanwhile; putting another in its place is fine. Everything
   * else is converted piece by piece and never held in the file's type.
   *
   * @param type FLOAT32, FLOAT16 or BFLOAT16
   * @throws CheckpointException naming the file if there is no such tensor or reading fails
   */
  public synchronized NDArray lend(String name, DataType type, NDManager owner) {
    Entry entry = entry(name);
    if (serves(entry, type, owner.getDevice())) {
      return HostMemory.alias(owner, mapped(name, entry), type, entry.shape());
    }
    return read(name, entry, Ops.empty(owner, entry.shape(), type));
  }

  /** Whether the mapped file itself can be the tensor. */
  private static boolean serves(Entry entry, DataType type, Device device) {
    long length = entry.end() - entry.begin();
    return entry.dtype().stored() == type
        && device.equals(Device.cpu())
        && length > STAGED
        && length <= Integer.MAX_VALUE
        && entry.begin() % entry.dtype().bytes() == 0;
  }

  private ByteBuffer mapped(String name, Entry entry) {
    ByteBuffer memory = mapped.get(name);
    if (memory == null) {
      try {
        memory = map(entry.begin(), entry.end() - entry.begin());
      } catch (IOException e) {
        throw unreadable(name, e);
      }
      mapped.put(name, memory);
    }
    return memory;
  }

  private ByteBuffer map(long from, long length) throws IOException {
    return channel.map(FileChannel.MapMode.READ_ONLY, from, length);
  }

  /**
   * Tells that {@link #lend} is about to be called, or what it gave to be used. If that is the
   * mapped file, reading it begins; returns at once.
   *
   * @param device of the owner
   */
  public synchronized void expect(String name, DataType type, Device device) {
    Entry entry = entry(name);
    if (serves(entry, type, device)) {
      Prefetch.begin(mapped(name, entry), own);
    }
  }

  /**
   * Copies a tensor into another of the same shape, with conversion of type.
   *
   * @throws CheckpointException naming the file if there is no such tensor or reading fails
   */
  public void copy(String name, NDArray target) {
    Entry entry = entry(name);
    if (!entry.shape().equals(target.getShape())) {
      throw new IllegalArgumentException(
          "'%s' is %s, its target %s".formatted(name, entry.shape(), target.getShape()));
    }
    NDArray unused = read(name, entry, target);
  }

  private Entry entry(String name) {
    Entry entry = header.entries().get(name);
    if (entry == null) {
      throw new CheckpointException("%s: there is no tensor '%s'".formatted(path, name));
    }
    return entry;
  }

  private synchronized NDArray read(String name, Entry entry, NDArray target) {
    try (Autograd.Mode off = Autograd.paused();
        NDManager host = target.getManager().newSubManager(Device.cpu())) {
      if (entry.end() > entry.begin()) {
        try (NDArray flat = target.reshape(-1)) {
          fill(flat, entry, host);
        }
      }
      return target;
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  private CheckpointException unreadable(String name, IOException e) {
    return new CheckpointException(
        "%s: tensor '%s' cannot be read (%s)".formatted(path, name, e.getMessage()), e);
  }

  private void fill(NDArray flat, Entry entry, NDManager host) throws IOException {
    int width = entry.dtype().bytes();
    for (long from = entry.begin(); from < entry.end(); from += MAPPED) {
      long to = Math.min(entry.end(), from + MAPPED);
      long first = (from - entry.begin()) / width;
      long count = (to - from) / width;
      try (NDArray alias =
              HostMemory.alias(
                  host, bytes(from, to, width), entry.dtype().stored(), new Shape(count));
          NDArray part = Ops.slice(flat, 0, first, first + count)) {
        Ops.copy(part, alias);
      }
    }
  }

  /** The bytes of the file, in memory that the library can read in place. */
  private ByteBuffer bytes(long from, long to, int width) throws IOException {
    long length = to - from;
    if (length <= STAGED) {
      ByteBuffer small = staging.duplicate().clear().limit((int) length);
      readFully(channel, small, from);
      return small.flip().slice().order(ByteOrder.nativeOrder());
    }
    if (from % width == 0) {
      return map(from, length).order(ByteOrder.nativeOrder());
    }
    ByteBuffer aligned = direct((int) length);
    readFully(channel, aligned, from);
    return aligned.flip();
  }

  private static ByteBuffer direct(int length) {
    return ByteBuffer.allocateDirect(length).order(ByteOrder.nativeOrder());
  }

  private static void readFully(FileChannel channel, ByteBuffer target, long position)
      throws IOException {
    long at = position;
    while (target.hasRemaining()) {
      int count = channel.read(target, at);
      if (count < 0) {
        throw new EOFException("the file ends at byte " + at);
      }
      at += count;
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new CheckpointException(path + ": cannot be closed", e);
    }
  }

  @Override
  public String toString() {
    return "SafetensorsFile[" + path + ", " + header.entries().size() + " tensors]";
  }
}
