package dmdx.runner.report;

import dmdx.runner.checkpoint.Folders;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/** Writes pictures so that a reader sees the old file or the new one, never half of one. */
public final class PngWriter {
  static {
    ImageIO.setUseCache(false);
  }

  private PngWriter() {}

  /**
   * Writes or replaces {@code file}; its folder is made if need be.
   *
   * @throws UncheckedIOException naming the file
   */
  public static void write(BufferedImage image, Path file) {
    try {
      replace(file, encode(image));
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(file), e);
    }
  }

  /** The bytes of a PNG. */
  static byte[] encode(BufferedImage image) throws IOException {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    if (!ImageIO.write(image, "png", png)) {
      throw new IOException("no PNG encoder for image type " + image.getType());
    }
    return png.toByteArray();
  }

  /** Writes or replaces a file as a whole; its folder is made if need be. */
  static void replace(Path file, byte[] content) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Folders.replace(file, content);
  }
}
