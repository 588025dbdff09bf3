package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.HostMemory;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Writes safetensors files. A file appears under its name only when it is complete and on the disk;
 * one that was there before stays untouched until then.
 */
public final class SafetensorsWriter {
  private static final long PIECE = 1 << 20;
  private static final JsonMapper JSON = new JsonMapper();

  private SafetensorsWriter() {}

  /** A tensor to write: what the header says of it, and where to get it. */
  private record Entry(String name, Shape shape, DType type, Supplier<NDArray> tensor) {}

  /**
   * Writes tensors in the order of the map.
   *
   * @param tensors by name, on any device; float tensors are converted to {@code dtype}, rounding
   *     to the nearest even value, others keep their type
   * @param metadata texts for {@code __metadata__}
   * @param dtype F32, F16 or BF16
   * @throws CheckpointException naming the file if it cannot be written
   */
  public static void write(
      Path file, Map<String, NDArray> tensors, Map<String, String> metadata, DType dtype) {
    List<Entry> entries = new ArrayList<>();
    tensors.forEach(
        (name, tensor) ->
            entries.add(new Entry(name, tensor.getShape(), stored(tensor, dtype), () -> tensor)));
    write(file, entries, metadata, dtype);
  }

  /**
   * Writes the weights of a network, in its order. A weight is asked for when its turn comes; what
   * the source makes for it is freed before the next one.
   *
   * @param weights floating-point numbers; converted to {@code dtype}
   * @throws CheckpointException also if a weight has not the network's shape
   * @see #write(Path, Map, Map, DType)
   */
  public static void write(
      Path file, Network network, Weights weights, Map<String, String> metadata, DType dtype) {
    List<Entry> entries = new ArrayList<>();
    for (ParameterSpec parameter : network.parameters()) {
      String name = parameter.name();
      entries.add(new Entry(name, parameter.shape(), dtype, () -> weights.get(name)));
    }
    write(file, entries, metadata, dtype);
  }

  private static void write(
      Path file, List<Entry> entries, Map<String, String> metadata, DType dtype) {
    if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
      throw new IllegalArgumentException("weights are written as F32, F16 or BF16, not " + dtype);
    }
    byte[] header = header(entries, metadata);
    Path target = file.toAbsolutePath();
    Path folder = java.util.Objects.requireNonNull(target.getParent(), "the file's folder");
    Path temporary = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        writeFully(channel, ByteBuffer.wrap(header));
        for (Entry entry : entries) {
          write(file, channel, entry);
        }
        channel.force(true);
      }
      Files.move(
          temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      force(folder);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be written (%s: %s). Check the folder, its permissions and the free space."
              .formatted(file, e.getClass().getSimpleName(), e.getMessage()),
          e);
    } finally {
      deleteIfLeft(temporary);
    }
  }

  private static byte[] header(List<Entry> entries, Map<String, String> metadata) {
    ObjectNode root = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode texts = root.putObject(SafetensorsHeader.METADATA);
      metadata.forEach(texts::put);
    }
    long offset = 0;
    for (Entry entry : entries) {
      if (entry.name().equals(SafetensorsHeader.METADATA)) {
        throw new IllegalArgumentException("a tensor cannot be named '" + entry.name() + "'");
      }
      ObjectNode node = root.putObject(entry.name()).put("dtype", entry.type().name());
      var shape = node.putArray("shape");
      Arrays.stream(entry.shape().getShape()).forEach(shape::add);
      long end = offset + entry.shape().size() * entry.type().bytes();
      node.putArray("data_offsets").add(offset).add(end);
      offset = end;
    }
    byte[] json;
    try {
      json = JSON.writeValueAsBytes(root);
    } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
      throw new IllegalStateException("a tree of texts and numbers is always writable", e);
    }
    int padded = (json.length + 7) / 8 * 8;
    byte[] bytes = new byte[8 + padded];
    Arrays.fill(bytes, (byte) ' ');
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(padded).put(json);
    return bytes;
  }

  private static DType stored(NDArray tensor, DType dtype) {
    DType own = DType.of(Ops.typeOf(tensor));
    return own.isFloat() ? dtype : own;
  }

  private static void write(Path file, FileChannel channel, Entry entry) throws IOException {
    try (Autograd.Mode off = Autograd.paused();
        Scope scope = new Scope()) {
      NDArray tensor = entry.tensor().get();
      if (!tensor.getShape().equals(entry.shape())) {
        throw new CheckpointException(
            "%s: new weight '%s' is %s, expected %s. Write weights of this architecture."
                .formatted(file, entry.name(), tensor.getShape(), entry.shape()));
      }
      write(channel, tensor, entry.type());
    }
  }

  private static void write(FileChannel channel, NDArray tensor, DType type) throws IOException {
    long size = tensor.size();
    ByteBuffer memory =
        ByteBuffer.allocateDirect((int) Math.min(size, PIECE) * type.bytes())
            .order(ByteOrder.nativeOrder());
    try (NDManager host = tensor.getManager().newSubManager(Device.cpu())) {
      NDArray flat = tensor.reshape(-1);
      for (long from = 0; from < size; from += PIECE) {
        long count = Math.min(size - from, PIECE);
        memory.clear().limit((int) count * type.bytes());
        try (NDArray part = Ops.slice(flat, 0, from, from + count);
            NDArray converted = HostMemory.alias(host, memory, type.stored(), new Shape(count))) {
          Ops.copy(converted, part);
        }
        writeFully(channel, memory);
      }
    }
  }

  private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Makes the rename itself durable, where the platform lets a folder be opened. */
  private static void force(Path folder) {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows cannot open folders; the file's own bytes are safe already
    }
  }

  private static void deleteIfLeft(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // the failure that left it behind is the one to report
    }
  }
}
