package dmdx.runner.report;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.ImageOutputStream;

/**
 * A picture as a {@code data:} URI. A PNG beyond {@value #LARGEST} bytes becomes a JPEG of at most
 * {@value #WIDEST} pixels a side, of its first frame if it is animated.
 */
final class InlinePicture {
  static final int LARGEST = 1 << 20;
  static final int WIDEST = 1600;
  private static final float QUALITY = 0.85f;

  private InlinePicture() {}

  /**
   * @throws IOException if the file is no picture
   */
  static String uri(Path file) throws IOException {
    byte[] content = Files.readAllBytes(file);
    BufferedImage picture = ImageIO.read(new ByteArrayInputStream(content));
    if (picture == null) {
      throw new IOException("no picture");
    }
    return content.length <= LARGEST
        ? "data:image/png;base64," + Base64.getEncoder().encodeToString(content)
        : "data:image/jpeg;base64," + Base64.getEncoder().encodeToString(jpeg(picture));
  }

  private static byte[] jpeg(BufferedImage picture) throws IOException {
    double scale = Math.min(1, WIDEST / (double) Math.max(picture.getWidth(), picture.getHeight()));
    int width = Math.max(1, (int) Math.round(scale * picture.getWidth()));
    int height = Math.max(1, (int) Math.round(scale * picture.getHeight()));
    BufferedImage small = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = small.createGraphics();
    g.setRenderingHint(
        RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
    g.drawImage(picture, 0, 0, width, height, Color.WHITE, null);
    g.dispose();
    ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
    ByteArrayOutputStream jpeg = new ByteArrayOutputStream();
    try (ImageOutputStream out = ImageIO.createImageOutputStream(jpeg)) {
      ImageWriteParam how = writer.getDefaultWriteParam();
      how.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
      how.setCompressionQuality(QUALITY);
      writer.setOutput(out);
      writer.write(null, new IIOImage(small, null, null), how);
    } finally {
      writer.dispose();
    }
    return jpeg.toByteArray();
  }
}
