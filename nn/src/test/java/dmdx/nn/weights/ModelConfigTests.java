package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelConfigTests {
  @TempDir Path folder;

  private ModelConfig config(String json) {
    try {
      return ModelConfig.read(Files.writeString(folder.resolve("config.json"), json));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void absent_and_null_keys_have_their_defaults() {
    ModelConfig config = config("{\"i\":null,\"vision\":null}");
    assertFalse(config.has("i"));
    assertEquals(3, config.integer("i", 3));
    assertEquals(0.5, config.number("n", 0.5));
    assertTrue(config.flag("f", true));
    assertEquals("gelu", config.text("t", "gelu"));
    assertEquals(List.of(1, 2), config.integers("l", List.of(1, 2)));
    assertEquals(List.of(2, 2, 2), config.perLevel("p", 3, 2));
    assertEquals(List.of("x"), config.texts("ts", List.of("x")));
    assertEquals(12, config.section("vision").section("deeper").integer("layers", 12));
  }

  @Test
  void values_are_read_as_they_are() {
    ModelConfig config =
        config(
            "{\"i\":7,\"n\":1,\"e\":1e-05,\"f\":false,\"t\":\"silu\",\"l\":[4,5],\"p\":[1,2],"
                + "\"one\":3,\"ts\":[\"a\",\"b\"],\"s\":{\"i\":8}}");
    assertEquals(7, config.integer("i"));
    assertEquals(1.0, config.number("n", 0));
    assertEquals(1e-5, config.number("e", 0));
    assertFalse(config.flag("f", true));
    assertEquals("silu", config.text("t", ""));
    assertEquals(List.of(4, 5), config.integers("l", List.of()));
    assertEquals(List.of(1, 2), config.perLevel("p", 2, 9));
    assertEquals(List.of(3, 3), config.perLevel("one", 2, 9));
    assertEquals(List.of("a", "b"), config.texts("ts", List.of()));
    assertEquals(8, config.section("s").integer("i"));
  }

  static Stream<Arguments> wrong() {
    return Stream.of(
        wrong("2.9", "a whole number", c -> c.integer("k")),
        wrong("2.0", "a whole number", c -> c.integer("k", 1)),
        wrong("\"2\"", "a whole number", c -> c.integer("k", 1)),
        wrong("true", "a whole number", c -> c.integer("k", 1)),
        wrong("3000000000", "a whole number", c -> c.integer("k", 1)),
        wrong("\"0.5\"", "a number", c -> c.number("k", 1)),
        wrong("1", "true or false", c -> c.flag("k", true)),
        wrong("\"true\"", "true or false", c -> c.flag("k", true)),
        wrong("5", "a text", c -> c.text("k", "")),
        wrong("[1,\"2\"]", "a list of whole numbers", c -> c.integers("k", List.of())),
        wrong("1", "a list of whole numbers", c -> c.integers("k", List.of())),
        wrong("[1,2]", "a list of 3 whole numbers", c -> c.perLevel("k", 3, 1)),
        wrong("[1,null]", "a list of 2 whole numbers", c -> c.perLevel("k", 2, 1)),
        wrong("[1]", "a list of texts", c -> c.texts("k", List.of())),
        wrong("[]", "an object", c -> c.section("k")));
  }

  private static Arguments wrong(String value, String expected, Consumer<ModelConfig> read) {
    return Arguments.of(value, expected, read);
  }

  @ParameterizedTest(name = "{0} is not {1}")
  @MethodSource("wrong")
  void a_wrong_type_is_told(String value, String expected, Consumer<ModelConfig> read) {
    ModelConfig config = config("{\"k\":" + value + "}");
    String message =
        assertThrows(CheckpointException.class, () -> read.accept(config)).getMessage();
    assertTrue(message.contains("config.json: 'k' is "), message);
    assertTrue(message.contains(expected), message);
  }

  @Test
  void a_missing_key_of_a_section_is_told_with_its_path() {
    ModelConfig section = config("{\"text_config\":{}}").section("text_config");
    String message =
        assertThrows(CheckpointException.class, () -> section.integer("width")).getMessage();
    assertTrue(message.contains("'text_config.width' is missing"), message);
  }

  @Test
  void features_must_be_switched_off() {
    ModelConfig config =
        config("{\"a\":null,\"b\":0,\"c\":\"default\",\"d\":[1,1],\"e\":1.0,\"f\":\"on\"}");
    assertDoesNotThrow(() -> config.requireNeutral("a"));
    assertDoesNotThrow(() -> config.requireNeutral("absent", false));
    assertDoesNotThrow(() -> config.requireNeutral("b", false, 0));
    assertDoesNotThrow(() -> config.requireNeutral("c", "default"));
    assertDoesNotThrow(() -> config.requireNeutral("d", List.of(1.0, 1.0)));
    assertDoesNotThrow(() -> config.requireNeutral("e", 1));
    String message =
        assertThrows(CheckpointException.class, () -> config.requireNeutral("f", false, "off"))
            .getMessage();
    assertTrue(message.contains("'f' is \"on\", expected false or \"off\""), message);
    assertThrows(CheckpointException.class, () -> config.requireNeutral("b", false));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{\"a\":1,\"a\":2}", "{\"a\":1} x", "{"})
  void a_file_that_is_no_json_object_is_refused(String json) {
    String message = assertThrows(CheckpointException.class, () -> config(json)).getMessage();
    assertTrue(message.contains("config.json"), message);
  }
}
