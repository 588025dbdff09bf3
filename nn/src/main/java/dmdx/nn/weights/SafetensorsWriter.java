package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
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
import java.util.Arrays;
import java.util.Map;
import java.util.UUID;

/**
 * Writes safetensors files. A file appears under its name only when it is complete and on the disk;
 * one that was there before stays untouched until then.
 */
public final class SafetensorsWriter {
  private static final long PIECE = 1 << 20;
  private static final JsonMapper JSON = new JsonMapper();

  private SafetensorsWriter() {}

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
    if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
      throw new IllegalArgumentException("weights are written as F32, F16 or BF16, not " + dtype);
    }
    byte[] header = header(tensors, metadata, dtype);
    Path target = file.toAbsolutePath();
    Path folder = java.util.Objects.requireNonNull(target.getParent(), "the file's folder");
    Path temporary = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        writeFully(channel, ByteBuffer.wrap(header));
        for (NDArray tensor : tensors.values()) {
          write(channel, tensor, stored(tensor, dtype));
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

  private static byte[] header(
      Map<String, NDArray> tensors, Map<String, String> metadata, DType dtype) {
    ObjectNode root = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode texts = root.putObject(SafetensorsHeader.METADATA);
      metadata.forEach(texts::put);
    }
    long offset = 0;
    for (Map.Entry<String, NDArray> entry : tensors.entrySet()) {
      if (entry.getKey().equals(SafetensorsHeader.METADATA)) {
        throw new IllegalArgumentException("a tensor cannot be named '" + entry.getKey() + "'");
      }
      DType type = stored(entry.getValue(), dtype);
      ObjectNode node = root.putObject(entry.getKey()).put("dtype", type.name());
      var shape = node.putArray("shape");
      Arrays.stream(entry.getValue().getShape().getShape()).forEach(shape::add);
      long end = offset + entry.getValue().size() * type.bytes();
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
    DType own = DType.of(tensor.getDataType());
    return own.isFloat() ? dtype : own;
  }

  private static void write(FileChannel channel, NDArray tensor, DType type) throws IOException {
    long size = tensor.size();
    ByteBuffer memory =
        ByteBuffer.allocateDirect((int) Math.min(size, PIECE) * type.bytes())
            .order(ByteOrder.nativeOrder());
    try (Autograd.Mode off = Autograd.paused();
        NDManager host = tensor.getManager().newSubManager(Device.cpu());
        Scope scope = new Scope()) {
      NDArray flat = tensor.reshape(-1);
      for (long from = 0; from < size; from += PIECE) {
        long count = Math.min(size - from, PIECE);
        memory.clear().limit((int) count * type.bytes());
        try (NDArray part = Ops.slice(flat, 0, from, from + count);
            NDArray converted = HostMemory.alias(host, memory, type.stored(), count)) {
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
