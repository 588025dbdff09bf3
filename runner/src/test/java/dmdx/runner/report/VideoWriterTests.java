package dmdx.runner.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VideoWriterTests {
  @TempDir Path folder;

  /** A disc that moves over a slope of colours. */
  private static List<BufferedImage> clip(int frames, int width, int height) {
    List<BufferedImage> clip = new ArrayList<>();
    for (int t = 0; t < frames; t++) {
      BufferedImage frame = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
      Graphics2D g = frame.createGraphics();
      g.setPaint(new GradientPaint(0, 0, new Color(20, 60, 160), width, height, Color.ORANGE));
      g.fillRect(0, 0, width, height);
      g.setColor(new Color(200, 210, 190));
      g.fillOval(4 + 5 * t, height / 4, height / 2, height / 2);
      g.dispose();
      clip.add(frame);
    }
    return clip;
  }

  private static double psnr(BufferedImage a, BufferedImage b) {
    double sum = 0;
    for (int y = 0; y < a.getHeight(); y++) {
      for (int x = 0; x < a.getWidth(); x++) {
        for (int shift = 0; shift < 24; shift += 8) {
          int d = ((a.getRGB(x, y) >> shift) & 0xff) - ((b.getRGB(x, y) >> shift) & 0xff);
          sum += d * d;
        }
      }
    }
    return 10 * Math.log10(255 * 255 / (sum / (3.0 * a.getWidth() * a.getHeight())));
  }

  /** Of brightness, which the video keeps at full resolution; colour has half of it. */
  private static double lumaPsnr(BufferedImage a, BufferedImage b) {
    double sum = 0;
    for (int y = 0; y < a.getHeight(); y++) {
      for (int x = 0; x < a.getWidth(); x++) {
        double d = luma(a.getRGB(x, y)) - luma(b.getRGB(x, y));
        sum += d * d;
      }
    }
    return 10 * Math.log10(255 * 255 / (sum / (a.getWidth() * a.getHeight())));
  }

  /** By BT.709. */
  private static double luma(int rgb) {
    return 0.2126 * ((rgb >> 16) & 0xff) + 0.7152 * ((rgb >> 8) & 0xff) + 0.0722 * (rgb & 0xff);
  }

  @ParameterizedTest
  @CsvSource({"96, 64, 96, 64", "95, 63, 96, 64", "20, 8, 20, 16"})
  void videos_decode_to_what_was_written(int width, int height, int evenWidth, int evenHeight) {
    Path file = folder.resolve("clips/a.mp4");
    List<BufferedImage> clip = clip(9, width, height);
    VideoWriter.mp4(file, clip, 8);
    Mp4Reader video = Mp4Reader.read(file);
    assertEquals("h264", video.codec());
    assertEquals("yuv420p", video.format());
    assertEquals(8, video.fps());
    assertEquals(9, video.frames().size());
    for (int t = 0; t < 9; t++) {
      BufferedImage frame = video.frames().get(t);
      assertEquals(evenWidth, frame.getWidth());
      assertEquals(evenHeight, frame.getHeight());
      double psnr = lumaPsnr(clip.get(t), frame);
      assertTrue(psnr > 38, "frame " + t + " has " + psnr + " dB");
    }
  }

  @Test
  void tensors_become_the_pictures_they_hold() throws IOException {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray clip = manager.arange(0f, 3f * 2 * 16 * 24, 1f).reshape(new Shape(3, 2, 16, 24));
      clip = clip.div(manager.create(3f * 2 * 16 * 24 / 2)).sub(manager.create(1f));
      VideoWriter.preview(folder.resolve("a.png"), clip, 4);
      VideoWriter.mp4(folder.resolve("a.mp4"), clip, 4);
      BufferedImage first = ImageIO.read(folder.resolve("a.png").toFile());
      for (int channel = 0; channel < 3; channel++) {
        float value = clip.getFloat(channel, 0, 5, 7);
        int level = (first.getRGB(7, 5) >> (16 - 8 * channel)) & 0xff;
        assertEquals(Math.round((value + 1) / 2 * 255), level);
      }
    }
    assertEquals(2, Mp4Reader.read(folder.resolve("a.mp4")).frames().size());
  }

  @Test
  void equal_frames_make_equal_files() throws IOException {
    for (String name : List.of("a", "b")) {
      VideoWriter.mp4(folder.resolve(name + ".mp4"), clip(5, 64, 48), 8);
      VideoWriter.preview(folder.resolve(name + ".png"), clip(5, 64, 48), 8);
    }
    for (String end : List.of(".mp4", ".png")) {
      assertEquals(-1, Files.mismatch(folder.resolve("a" + end), folder.resolve("b" + end)));
    }
  }

  @Test
  void previews_hold_every_frame_and_its_delay() throws IOException {
    Path file = folder.resolve("a.png");
    List<BufferedImage> clip = clip(3, 33, 21);
    VideoWriter.preview(file, clip, 12);
    assertEquals(Double.POSITIVE_INFINITY, psnr(clip.get(0), ImageIO.read(file.toFile())));

    ByteBuffer png = ByteBuffer.wrap(Files.readAllBytes(file));
    byte[] signature = new byte[8];
    png.get(signature);
    List<String> order = new ArrayList<>();
    List<Integer> numbers = new ArrayList<>();
    List<List<byte[]>> data = new ArrayList<>();
    byte[] header = {};
    while (png.hasRemaining()) {
      byte[] content = new byte[png.getInt()];
      byte[] type = new byte[4];
      png.get(type).get(content);
      CRC32 check = new CRC32();
      check.update(type);
      check.update(content);
      assertEquals((int) check.getValue(), png.getInt());
      String name = new String(type, StandardCharsets.US_ASCII);
      ByteBuffer in = ByteBuffer.wrap(content);
      if (order.isEmpty() || !order.get(order.size() - 1).equals(name)) {
        order.add(name);
      }
      switch (name) {
        case "IHDR" -> header = content;
        case "acTL" -> {
          assertEquals(3, in.getInt());
          assertEquals(0, in.getInt());
        }
        case "fcTL" -> {
          numbers.add(in.getInt());
          assertEquals(List.of(33, 21), List.of(in.getInt(), in.getInt()));
          assertEquals(0L, in.getLong());
          assertEquals(1, in.getShort());
          assertEquals(12, in.getShort());
          data.add(new ArrayList<>());
        }
        case "IDAT" -> data.get(0).add(content);
        case "fdAT" -> {
          numbers.add(in.getInt());
          data.get(data.size() - 1).add(java.util.Arrays.copyOfRange(content, 4, content.length));
        }
        default -> assertEquals("IEND", name);
      }
    }
    assertEquals(
        List.of("IHDR", "acTL", "fcTL", "IDAT", "fcTL", "fdAT", "fcTL", "fdAT", "IEND"), order);
    for (int i = 0; i < numbers.size(); i++) {
      assertEquals(i, numbers.get(i));
    }
    for (int t = 0; t < 3; t++) {
      assertEquals(Double.POSITIVE_INFINITY, psnr(clip.get(t), still(signature, header, data, t)));
    }
  }

  /** The frame as a PNG of its own. */
  private static BufferedImage still(
      byte[] signature, byte[] header, List<List<byte[]>> data, int frame) throws IOException {
    java.io.ByteArrayOutputStream bytes = new java.io.ByteArrayOutputStream();
    bytes.writeBytes(signature);
    chunk(bytes, "IHDR", header);
    data.get(frame).forEach(part -> chunk(bytes, "IDAT", part));
    chunk(bytes, "IEND", new byte[0]);
    return ImageIO.read(new java.io.ByteArrayInputStream(bytes.toByteArray()));
  }

  private static void chunk(java.io.ByteArrayOutputStream to, String name, byte[] content) {
    byte[] type = name.getBytes(StandardCharsets.US_ASCII);
    CRC32 check = new CRC32();
    check.update(type);
    check.update(content);
    to.writeBytes(ByteBuffer.allocate(4).putInt(content.length).array());
    to.writeBytes(type);
    to.writeBytes(content);
    to.writeBytes(ByteBuffer.allocate(4).putInt((int) check.getValue()).array());
  }

  @Test
  void a_failure_leaves_what_was_there_and_no_half_file() throws IOException {
    List<BufferedImage> broken = new ArrayList<>(clip(2, 32, 32));
    broken.addAll(clip(1, 64, 32));
    Path png = Files.writeString(folder.resolve("a.png"), "old");
    Path mp4 = Files.writeString(folder.resolve("a.mp4"), "old");
    String problem =
        assertThrows(IllegalArgumentException.class, () -> VideoWriter.mp4(mp4, broken, 8))
            .getMessage();
    assertEquals("a frame of 64x32 pixels follows one of 32x32", problem);
    assertThrows(IllegalArgumentException.class, () -> VideoWriter.preview(png, broken, 8));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(mp4, png), files.sorted().toList());
    }
    assertArrayEquals(Files.readAllBytes(mp4), Files.readAllBytes(png));
    assertEquals("old", Files.readString(mp4));
  }

  @Test
  void a_folder_that_cannot_be_made_is_named() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "").resolve("a.mp4");
    List<BufferedImage> clip = clip(1, 32, 32);
    assertEquals(
        file + ": cannot be written",
        assertThrows(UncheckedIOException.class, () -> VideoWriter.mp4(file, clip, 8))
            .getMessage());
  }

  @Test
  void rejects_what_is_no_video() {
    Path file = folder.resolve("a.mp4");
    List<BufferedImage> none = List.of();
    assertThrows(IllegalArgumentException.class, () -> VideoWriter.mp4(file, none, 8));
    assertThrows(IllegalArgumentException.class, () -> VideoWriter.preview(file, none, 8));
    List<BufferedImage> clip = clip(1, 32, 32);
    assertThrows(IllegalArgumentException.class, () -> VideoWriter.mp4(file, clip, 0));
    List<BufferedImage> large = List.of(new BufferedImage(4100, 4100, BufferedImage.TYPE_INT_RGB));
    assertEquals(
        "a video of 4100x4100 pixels is more than H.264 holds (4096x2304)",
        assertThrows(IllegalArgumentException.class, () -> VideoWriter.mp4(file, large, 8))
            .getMessage());
  }
}
