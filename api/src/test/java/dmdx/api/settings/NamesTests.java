package dmdx.api.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamesTests {
  private static final List<String> NAMES = List.of("guidance", "taps", "sdxl", "lr");

  @ParameterizedTest
  @CsvSource({"guidence,guidance", "tpas,taps", "sdxI,sdxl", "SDXL,sdxl", "lrr,lr"})
  void finds_the_nearest_name(String name, String nearest) {
    assertEquals(nearest, Names.nearest(name, NAMES));
  }

  @ParameterizedTest
  @CsvSource({"flux", "ab", "x", "guide-dogs"})
  void suggests_nothing_far_fetched(String name) {
    assertNull(Names.nearest(name, NAMES));
    assertEquals("", Names.hint(name, NAMES));
  }

  @Test
  void counts_one_and_several() {
    assertEquals("1 problem", Names.count(1, "problem"));
    assertEquals("0 problems", Names.count(0, "problem"));
    assertEquals("2 problems", Names.count(2, "problem"));
  }

  @Test
  void lists_at_most_eight_names() {
    assertEquals("none", Names.list(List.of()));
    assertEquals("a, b", Names.list(List.of("a", "b")));
    List<String> ten = List.of("1", "2", "3", "4", "5", "6", "7", "8", "9", "10");
    assertEquals("1, 2, 3, 4, 5, 6, 7, 8 and 2 more", Names.list(ten));
  }

  @Test
  void every_part_of_a_dotted_name_has_to_be_near() {
    List<String> scores = List.of("attributes.frechet", "attributes.garments");
    assertEquals("attributes.garments", Names.nearest("atributes.garment", scores));
    assertNull(Names.nearest("attributes.garment", List.of("attributes.frechet")));
    assertEquals("frechet", Names.nearest("frechte", List.of("frechet")));
  }
}
