package dmdx.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PillowResizeTests {

  @Tag("golden")
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void matches_the_reference_byte_by_byte(int k) throws IOException {
    byte[] file =
        Files.readAllBytes(
            Path.of("src/test/resources/golden/sam-vision/preprocess/io.safetensors"));
    RgbImage image = picture(file, "in.image." + k);
    RgbImage expected = picture(file, "tap.resized." + k);
    RgbImage resized =
        PillowResize.resize(image, expected.height(), expected.width(), ResizeFilter.BILINEAR);
    assertArrayEquals(expected.pixels(), resized.pixels());
  }

  private static RgbImage picture(byte[] file, String name) throws IOException {
    int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong();
    JsonNode entry = new ObjectMapper().readTree(file, 8, length).get(name);
    int from = 8 + length + entry.get("data_offsets").get(0).asInt();
    int to = 8 + length + entry.get("data_offsets").get(1).asInt();
    return new RgbImage(
        entry.get("shape").get(0).asInt(),
        entry.get("shape").get(1).asInt(),
        Arrays.copyOfRange(file, from, to));
  }

  @Test
  void bilinear_halving_averages_with_the_widened_triangle() {
    // four columns to two: the weights of column 0 are 3/7, 3/7, 1/7
    RgbImage row = row(0, 70, 140, 210);
    assertArrayEquals(
        row(50, 160).pixels(), PillowResize.resize(row, 1, 2, ResizeFilter.BILINEAR).pixels());
  }

  @Test
  void bicubic_overshoot_is_clamped() {
    RgbImage row = row(255, 255, 0, 0);
    RgbImage doubled = PillowResize.resize(row, 1, 8, ResizeFilter.BICUBIC);
    assertEquals(255, doubled.pixels()[2 * 3] & 0xFF);
    assertEquals(0, doubled.pixels()[5 * 3] & 0xFF);
    // centre 1.75: taps 0 to 3 at distances 1.25, .25, .75, 1.75 weigh -.0703, .8672, .2266, -.0234
    assertEquals(Math.round(255 * 0.796875), doubled.pixels()[3 * 3] & 0xFF);
  }

  @Test
  void bicubic_keeps_a_flat_picture_flat() {
    RgbImage flat = row(77, 77, 77, 77, 77, 77, 77);
    for (int width : new int[] {1, 3, 19}) {
      for (byte value : PillowResize.resize(flat, 4, width, ResizeFilter.BICUBIC).pixels()) {
        assertEquals(77, value);
      }
    }
  }

  @Test
  void leaves_a_picture_of_the_right_size_alone() {
    RgbImage row = row(1, 2, 3);
    assertSame(row, PillowResize.resize(row, 1, 3, ResizeFilter.BICUBIC));
  }

  @Test
  void rejects_a_picture_with_missing_bytes() {
    assertThrows(IllegalArgumentException.class, () -> new RgbImage(2, 2, new byte[11]));
  }

  private static RgbImage row(int... greys) {
    byte[] pixels = new byte[greys.length * RgbImage.CHANNELS];
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = (byte) greys[i / RgbImage.CHANNELS];
    }
    return new RgbImage(1, greys.length, pixels);
  }
}
