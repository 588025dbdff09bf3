package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import ai.djl.ndarray.types.Shape;
import dmdx.api.FeatureTap;
import org.junit.jupiter.api.Test;

class TeacherBackboneTests {
  private static final Shape PICTURE = new Shape(1, 4, 17, 32);
  private static final Shape VIDEO = new Shape(1, 16, 13, 60, 90);

  @Test
  void a_map_has_the_latents_size_over_its_stride() {
    assertArrayEquals(new long[] {17, 32}, size(1, 2, PICTURE));
    assertArrayEquals(new long[] {5, 8}, size(4, 2, PICTURE));
    assertArrayEquals(new long[] {30, 45}, size(2, 2, VIDEO));
  }

  @Test
  void a_video_map_keeps_the_latents_frames() {
    assertArrayEquals(new long[] {13, 30, 45}, size(2, 3, VIDEO));
    assertArrayEquals(new long[] {1, 9, 16}, size(2, 3, PICTURE));
  }

  @Test
  void a_vector_has_no_size() {
    assertArrayEquals(new long[0], size(1, 0, VIDEO));
  }

  private static long[] size(int stride, int dimensions, Shape latent) {
    return TeacherBackbone.mapSize(new FeatureTap("a", 8, stride, dimensions), latent);
  }
}
