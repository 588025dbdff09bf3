package dmdx.nn.classify;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttributeTests {
  private static final Attribute GARMENT =
      new Attribute("garment", List.of("shirt", "t-shirt", "boot", "ankle boot", "bag"));

  @ParameterizedTest
  @CsvSource({
    "a photo of a red shirt,0",
    "a photo of a red T-Shirt,1",
    "boot,2",
    "a photo of a blue ankle boot,3",
    "an ankle bootlace and a bag.,4",
    "'shirt, bag and boot',0",
    "a handbag,-1",
    "bags,-1",
    "'',-1"
  })
  void names_the_longest_label_that_occurs_as_whole_words(String prompt, int label) {
    assertEquals(label, GARMENT.namedIn(prompt));
  }

  @Test
  void the_first_of_equally_long_labels_counts() {
    Attribute colour = new Attribute("colour", List.of("blue", "pink"));
    assertEquals(1, colour.namedIn("pink and blue"));
    assertEquals(0, colour.namedIn("blue and pink"));
  }

  @Test
  void refuses_labels_that_could_not_be_told_apart_or_found() {
    assertThrows(IllegalArgumentException.class, () -> new Attribute("a", List.of("x")));
    assertThrows(IllegalArgumentException.class, () -> new Attribute("a", List.of("x", "x")));
    assertThrows(IllegalArgumentException.class, () -> new Attribute("a", List.of("x", "Red")));
    assertThrows(IllegalArgumentException.class, () -> new Attribute("a", List.of("x", " ")));
  }
}
