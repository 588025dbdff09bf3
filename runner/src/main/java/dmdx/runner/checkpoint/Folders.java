package dmdx.runner.checkpoint;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** File operations that survive a crash: written aside, synced, renamed. */
public final class Folders {
  private static final int PIECE = 1 << 16;
  private static final int PIECES = 256;

  private Folders() {}

  /** Writes a file and forces it to the disk. */
  public static void writeSynced(Path file, byte[] content) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer buffer = ByteBuffer.wrap(content);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    }
  }

  /** Replaces a file as a whole, or not at all. */
  public static void replace(Path file, byte[] content) {
    Path aside = file.resolveSibling("." + file.getFileName() + ".tmp");
    try {
      writeSynced(aside, content);
      rename(aside, file);
    } catch (IOException e) {
      throw new UncheckedIOException("%s: could not be written".formatted(file), e);
    }
  }

  /** Renames atomically and forces the new name to the disk. */
  public static void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    Path parent = to.toAbsolutePath().getParent();
    if (parent != null) {
      sync(parent);
    }
  }

  /** Forces a folder's entries to the disk. */
  public static void sync(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Deletes a folder with all it holds; nothing if it does not exist. */
  public static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> entries = Files.walk(folder)) {
      all = entries.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.delete(path);
    }
  }

  /** Bytes of all files in a folder; 0 if it does not exist. */
  public static long size(Path folder) {
    if (!Files.exists(folder)) {
      return 0;
    }
    try (Stream<Path> entries = Files.walk(folder)) {
      return entries.map(Path::toFile).filter(File::isFile).mapToLong(File::length).sum();
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be read".formatted(folder), e);
    }
  }

  /** SHA-256 of a file, in hexadecimal. */
  public static String sha256(Path file) {
    MessageDigest digest = sha256();
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[1 << 16];
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("%s: could not be read".formatted(file), e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /**
   * What tells a file from others without reading much of it: the SHA-256 of its size and, beyond
   * 16 MiB, of 64 KiB in each of 256 places from the first to the last; of all of it else.
   */
  public static String fingerprint(Path file) {
    MessageDigest digest = sha256();
    try (FileChannel channel = FileChannel.open(file)) {
      long size = channel.size();
      digest.update(ByteBuffer.allocate(Long.BYTES).putLong(size).flip());
      long last = Math.max(0, size - PIECE);
      for (int i = 0; i < PIECES; i++) {
        long at = size <= (long) PIECE * PIECES ? (long) i * PIECE : last * i / (PIECES - 1);
        ByteBuffer piece = ByteBuffer.allocate(PIECE);
        while (piece.hasRemaining() && channel.read(piece, at + piece.position()) > 0) {}
        digest.update(piece.flip());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("%s: could not be read".formatted(file), e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** SHA-256 of bytes, in hexadecimal. */
  public static String sha256(byte[] content) {
    return HexFormat.of().formatHex(sha256().digest(content));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
