package dmdx.runner.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * One animated PNG in the making: frames of one size, 8-bit RGB, repeated without end. A reader
 * that knows only PNG shows the first frame.
 *
 * <pre>
 * signature, IHDR
 * acTL  frames (4 bytes), repetitions (4 bytes; 0: without end)
 * for each frame
 *   fcTL  number (4), width (4), height (4), left (4), top (4), seconds as a fraction (2 + 2),
 *         disposal (1), blending (1)
 *   IDAT  of the first frame, as in a PNG; of the others fdAT: number (4), then the same
 * IEND
 * </pre>
 *
 * <p>{@code fcTL} and {@code fdAT} are numbered together, from 0. The JDK compresses the pixels.
 */
final class AnimatedPng {
  private static final int SIGNATURE_LENGTH = 8;
  private static final int FRAME_CONTROL_LENGTH = 26;
  private static final int NUMBER_LENGTH = 4;

  private final ByteArrayOutputStream chunks = new ByteArrayOutputStream();
  private final DataOutputStream out = new DataOutputStream(chunks);
  private final int fps;
  private byte[] start = new byte[0];
  private int frames;
  private int number;

  AnimatedPng(int fps) {
    this.fps = fps;
  }

  /** Appends a frame. */
  void add(BufferedImage picture) throws IOException {
    ByteBuffer png = ByteBuffer.wrap(PngWriter.encode(rgb(picture)));
    byte[] signature = new byte[SIGNATURE_LENGTH];
    png.get(signature);
    ByteBuffer control = ByteBuffer.allocate(FRAME_CONTROL_LENGTH);
    control.putInt(number++).putInt(picture.getWidth()).putInt(picture.getHeight());
    control.putInt(0).putInt(0).putShort((short) 1).putShort((short) fps);
    chunk(out, "fcTL", control.array());
    while (png.hasRemaining()) {
      byte[] content = new byte[png.getInt()];
      byte[] type = new byte[4];
      png.get(type).get(content).getInt();
      switch (new String(type, StandardCharsets.US_ASCII)) {
        case "IHDR" -> header(signature, content);
        case "IDAT" -> data(content);
        default -> {}
      }
    }
    frames++;
  }

  private static BufferedImage rgb(BufferedImage picture) {
    if (picture.getType() == BufferedImage.TYPE_INT_RGB) {
      return picture;
    }
    int width = picture.getWidth();
    int height = picture.getHeight();
    BufferedImage rgb = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    rgb.setRGB(0, 0, width, height, picture.getRGB(0, 0, width, height, null, 0, width), 0, width);
    return rgb;
  }

  private void header(byte[] signature, byte[] content) throws IOException {
    if (frames == 0) {
      ByteArrayOutputStream first = new ByteArrayOutputStream();
      first.writeBytes(signature);
      chunk(new DataOutputStream(first), "IHDR", content);
      start = first.toByteArray();
    }
  }

  private void data(byte[] content) throws IOException {
    if (frames == 0) {
      chunk(out, "IDAT", content);
    } else {
      ByteBuffer numbered = ByteBuffer.allocate(NUMBER_LENGTH + content.length);
      chunk(out, "fdAT", numbered.putInt(number++).put(content).array());
    }
  }

  private static void chunk(DataOutputStream to, String name, byte[] content) throws IOException {
    byte[] type = name.getBytes(StandardCharsets.US_ASCII);
    CRC32 check = new CRC32();
    check.update(type);
    check.update(content);
    to.writeInt(content.length);
    to.write(type);
    to.write(content);
    to.writeInt((int) check.getValue());
  }

  /** Ends the animation: the whole file. */
  byte[] finish() throws IOException {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    DataOutputStream all = new DataOutputStream(file);
    all.write(start);
    chunk(all, "acTL", ByteBuffer.allocate(8).putInt(frames).putInt(0).array());
    chunks.writeTo(all);
    chunk(all, "IEND", new byte[0]);
    return file.toByteArray();
  }
}
