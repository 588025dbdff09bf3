package dmdx.examples.fashion;

import dmdx.nn.data.DatasetException;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;

/**
 * Fashion-MNIST: grey pictures of 28x28 pixels with labels, from two compressed IDX files.
 *
 * <p>An IDX file starts with the big-endian number {@code 0x0800 + dimensions} and the size of each
 * dimension; bytes follow, last dimension fastest.
 */
final class GreyPictures {
  static final int SIZE = 28;

  private final byte[] pixels;
  private final byte[] labels;

  private GreyPictures(byte[] pixels, byte[] labels) {
    this.pixels = pixels;
    this.labels = labels;
  }

  static GreyPictures read(Path folder) {
    Path images = folder.resolve("images-idx3-ubyte.gz");
    byte[] pixels = bytes(images, SIZE, SIZE);
    byte[] labels = bytes(folder.resolve("labels-idx1-ubyte.gz"));
    if (pixels.length != labels.length * SIZE * SIZE) {
      throw new DatasetException(
          "%s: %d pictures but %d labels; use two files that belong together"
              .formatted(images, pixels.length / (SIZE * SIZE), labels.length));
    }
    for (byte label : labels) {
      if (label < 0 || label >= Wardrobe.GARMENTS.size()) {
        throw new DatasetException(
            "%s: label %d; expected 0 to %d"
                .formatted(folder, label & 0xff, Wardrobe.GARMENTS.size() - 1));
      }
    }
    return new GreyPictures(pixels, labels);
  }

  private static byte[] bytes(Path file, int... itemSizes) {
    try (DataInputStream in =
        new DataInputStream(new GZIPInputStream(Files.newInputStream(file), 1 << 16))) {
      int expected = 0x0801 + itemSizes.length;
      int magic = in.readInt();
      if (magic != expected) {
        throw new DatasetException(
            "%s: starts with %08x, expected %08x (IDX, unsigned bytes, %d dimensions)"
                .formatted(file, magic, expected, 1 + itemSizes.length));
      }
      int size = in.readInt();
      for (int itemSize : itemSizes) {
        int found = in.readInt();
        if (found != itemSize) {
          throw new DatasetException(
              "%s: pictures of size %d, expected %d".formatted(file, found, itemSize));
        }
        size = Math.multiplyExact(size, itemSize);
      }
      byte[] bytes = new byte[size];
      in.readFully(bytes);
      return bytes;
    } catch (EOFException e) {
      throw new DatasetException(file + ": ends early; fetch the file again");
    } catch (IOException e) {
      throw new DatasetException("%s: not readable (%s)".formatted(file, e.getMessage()));
    }
  }

  int size() {
    return labels.length;
  }

  int garment(int index) {
    return labels[index];
  }

  /** The grey level at a position, 0 (no garment) to 255. */
  int grey(int index, int x, int y) {
    return pixels[(index * SIZE + y) * SIZE + x] & 0xff;
  }
}
