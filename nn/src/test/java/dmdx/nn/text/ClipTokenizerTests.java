package dmdx.nn.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The vocabulary used here: byte symbols, the merges below from id 512, start 516, end 517. */
class ClipTokenizerTests {
  private static final int START = 516;
  private static final int END = 517;

  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  @BeforeEach
  void write_vocabulary() throws Exception {
    ClipVocabulary.train(List.of(), 0, folder);
    ObjectMapper json = new ObjectMapper();
    var vocabulary = json.createObjectNode();
    List<String> symbols = ByteSymbols.inOrder();
    symbols.forEach(s -> vocabulary.put(s, vocabulary.size()));
    symbols.forEach(s -> vocabulary.put(s + "</w>", vocabulary.size()));
    List.of("ca", "cat</w>", "do", "dog</w>", "<|startoftext|>", "<|endoftext|>")
        .forEach(s -> vocabulary.put(s, vocabulary.size()));
    json.writeValue(folder.resolve("vocab.json").toFile(), vocabulary);
    Files.writeString(
        folder.resolve("merges.txt"), "#version: 0.2\nc a\nca t</w>\nd o\ndo g</w>\n");
  }

  @Test
  void merges_the_best_pairs_first() {
    ClipTokenizer tokenizer = ClipTokenizer.read(folder);
    assertEquals(List.of(513, 515), tokenizer.tokens(" CAT\tdog\n"));
    assertEquals(List.of(512, 'b' - '!' + 256), tokenizer.tokens("cab"));
    assertEquals(518, tokenizer.vocabularySize());
  }

  @Test
  void splits_words_digits_and_punctuation() {
    assertEquals(
        List.of("the", "cat", "'s", "1", "2", "...", "é", "über"),
        TextCleaning.TRANSFORMERS.words("The cat's 12... e\u0301 \u00dcber"));
  }

  @Test
  void treats_each_ideograph_as_a_word_only_like_transformers() {
    assertEquals(List.of("你", "好"), TextCleaning.TRANSFORMERS.words("你好"));
    assertEquals(List.of("你好"), TextCleaning.OPENAI.words("你好"));
  }

  @Test
  void drops_control_and_format_characters_only_like_transformers() {
    assertEquals(List.of("softhyphen"), TextCleaning.TRANSFORMERS.words("soft\u00adhy\u0000phen"));
    assertEquals(
        List.of("soft", "\u00ad", "hyphen"), TextCleaning.OPENAI.words("soft\u00adhyphen"));
  }

  @Test
  void resolves_entities_twice_only_like_openai() {
    assertEquals(List.of("<", "b", ">"), TextCleaning.OPENAI.words("&amp;lt;b&gt;"));
    assertEquals(List.of("&", "lt", ";"), TextCleaning.TRANSFORMERS.words("&lt;"));
  }

  @ParameterizedTest
  @CsvSource({
    "a&#0;b, a�b",
    "a&#xD800;b, a�b",
    "a&#1114112;b, a�b",
    "a&#99999999999999999999;b, a�b",
    "a&#1;b, ab",
    "a&#x7f;b, ab",
    "a&#xFDD0;b, ab",
    "a&#xFFFE;b, ab",
    "&#x80;&#146;, €’",
    "&#129;, ",
    "&#65&#x42;&#67;, ABC",
    "&#38;lt;, &lt;",
    "&amp;#60;, &#60;",
    "&#;&#x;, &#;&#x;",
    "&eacute;&copy, é©"
  })
  void numbers_of_characters_are_resolved_as_the_reference_does(String text, String resolved) {
    assertEquals(resolved, HtmlEntities.resolved(text));
  }

  @ParameterizedTest
  @CsvSource({
    "ΟΔΟΣ, οδος",
    "ΟΔΟΣ2A, οδος2a",
    "ΟΔΟΣ.A, οδοσ.a",
    "ΟΔΟΣ. A, οδος. a",
    "ΟΔΟΣ\u0301, οδος\u0301",
    "2Σ, 2σ",
    "'A:Σ', 'a:ς'",
    "ΣΣ, σς",
    "\u0130, i\u0307"
  })
  void a_sigma_that_ends_a_word_is_a_final_one(String text, String lower) {
    assertEquals(lower, TextCleaning.OPENAI.clean(text));
  }

  @Test
  void pads_with_the_end_token() {
    long[] ids = ClipTokenizer.read(folder).encode("cat");
    assertEquals(77, ids.length);
    assertArrayEquals(new long[] {START, 513, END, END}, Arrays.copyOf(ids, 4));
    assertEquals(END, ids[76]);
  }

  @Test
  void keeps_the_end_token_of_a_long_prompt() {
    long[] ids = ClipTokenizer.read(folder).encode("cat ".repeat(200));
    assertEquals(77, ids.length);
    assertEquals(513, ids[75]);
    assertEquals(END, ids[76]);
  }

  @Test
  void cuts_the_padding_token_out_of_prompts() throws Exception {
    Files.writeString(
        folder.resolve("special_tokens_map.json"), "{\"pad_token\": {\"content\": \"!\"}}");
    ClipTokenizer second = ClipTokenizer.read(folder);
    assertEquals(List.of(513, 0, 0), second.tokens("cat!!"));
    assertEquals(0, second.encode("cat")[76]);
  }

  @Test
  void openai_padding_is_no_special_token() {
    ClipTokenizer tokenizer = ClipTokenizer.read(folder, TextCleaning.OPENAI, "!");
    assertEquals(List.of(513, 0, 256), tokenizer.tokens("cat!!"));
    assertEquals(0, tokenizer.encode("cat")[76]);
  }

  @Test
  void special_tokens_in_a_prompt_become_their_ids() {
    ClipTokenizer tokenizer = ClipTokenizer.read(folder);
    assertEquals(List.of(513, END, 515), tokenizer.tokens("cat<|endoftext|>dog"));
    assertEquals(List.of(START), tokenizer.tokens("<|STARTOFTEXT|>"));
  }

  @Test
  void takes_the_length_from_the_configuration() throws Exception {
    Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 8}");
    assertEquals(8, ClipTokenizer.read(folder).encode("cat").length);
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        "{\"model_max_length\": 1000000000000000019884624838656}");
    assertEquals(77, ClipTokenizer.read(folder).maxLength());
  }

  @Test
  void threads_may_share_a_tokenizer() {
    ClipTokenizer tokenizer = ClipTokenizer.read(folder);
    List<List<Integer>> all =
        IntStream.range(0, 2000)
            .parallel()
            .mapToObj(i -> tokenizer.tokens("cat dog " + "ca".repeat(1 + i % 7)))
            .toList();
    for (int i = 0; i < all.size(); i++) {
      ClipTokenizer own = i < 7 ? ClipTokenizer.read(folder) : tokenizer;
      assertEquals(own.tokens("cat dog " + "ca".repeat(1 + i % 7)), all.get(i));
    }
  }

  @Test
  void names_the_missing_file(@TempDir Path empty) {
    String message =
        assertThrows(CheckpointException.class, () -> ClipTokenizer.read(empty)).getMessage();
    assertTrue(
        String.valueOf(message).startsWith(empty.resolve("vocab.json") + ": cannot be read"),
        message);
  }

  @Test
  void names_the_broken_merge() throws Exception {
    Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\nc a\nabc\n");
    String message =
        assertThrows(CheckpointException.class, () -> ClipTokenizer.read(folder)).getMessage();
    assertTrue(
        String.valueOf(message).contains("merges.txt:3: found 'abc', expected two symbols"),
        message);
  }

  @Test
  void rejects_a_vocabulary_without_end_token() throws Exception {
    Files.writeString(folder.resolve("vocab.json"), "{\"<|startoftext|>\": 0}");
    String message =
        assertThrows(CheckpointException.class, () -> ClipTokenizer.read(folder)).getMessage();
    assertTrue(String.valueOf(message).contains("there is no token '<|endoftext|>'"), message);
  }
}
