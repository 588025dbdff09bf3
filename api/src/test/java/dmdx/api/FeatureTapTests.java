package dmdx.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FeatureTapTests {

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 3})
  void takes_vectors_and_maps_of_pictures_and_videos(int dimensions) {
    assertEquals(dimensions, new FeatureTap("a", 8, 1, dimensions).dimensions());
  }

  @ParameterizedTest
  @CsvSource({"0, 1, 2", "8, 0, 2", "8, 1, 1", "8, 1, 4", "8, 1, -1"})
  void names_the_tap_that_is_wrong(int channels, int stride, int dimensions) {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new FeatureTap("layer.3", channels, stride, dimensions));
    assertTrue(String.valueOf(e.getMessage()).contains("tap 'layer.3'"), e.getMessage());
  }

  @Test
  void a_vector_has_no_stride() {
    assertThrows(IllegalArgumentException.class, () -> new FeatureTap("a", 8, 2, 0));
  }
}
