package dmdx.nn.text;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClipVocabularyTests {
  @TempDir
  @SuppressWarnings("NullAway.Init")
  Path folder;

  @Test
  void learns_the_most_frequent_pair_first_and_the_alphabetically_first_of_equals()
      throws Exception {
    ClipVocabulary.train(List.of("abc abc", "xy abc", "ab xy xy"), 3, folder);
    assertEquals(
        List.of("#version: 0.2", "a b", "ab c</w>", "x y</w>"),
        Files.readAllLines(folder.resolve("merges.txt")));
  }

  @Test
  void a_frequent_word_becomes_one_token() {
    ClipVocabulary.train(List.of("a red shoe", "a blue shoe", "red shoe"), 50, folder);
    ClipTokenizer tokenizer = ClipTokenizer.read(folder);
    assertEquals(1, tokenizer.tokens("shoe").size());
    assertEquals(2, tokenizer.tokens("Red SHOE").size());
    assertTrue(tokenizer.tokens("zebra").size() == 5, "unknown words fall apart into bytes");
    assertEquals(tokenizer.vocabularySize() - 1, tokenizer.endToken());
  }

  @Test
  void does_not_learn_pairs_that_occur_once() throws Exception {
    ClipVocabulary.train(List.of("abc", "def"), 10, folder);
    assertEquals(List.of("#version: 0.2"), Files.readAllLines(folder.resolve("merges.txt")));
    assertEquals(514, ClipTokenizer.read(folder).vocabularySize());
  }

  @Test
  void does_not_depend_on_the_order_of_captions(@TempDir Path other) throws Exception {
    ClipVocabulary.train(List.of("dark green dress", "green hat", "dark hat"), 20, folder);
    ClipVocabulary.train(List.of("dark hat", "dark green dress", "green hat"), 20, other);
    for (String file : List.of("vocab.json", "merges.txt")) {
      assertEquals(
          Files.readString(folder.resolve(file)), Files.readString(other.resolve(file)), file);
    }
  }

  @Test
  void joins_every_occurrence_from_left_to_right() {
    ClipVocabulary.train(List.of("aaaaa aaaaa"), 1, folder);
    assertEquals(3, ClipTokenizer.read(folder).tokens("aaaaa").size());
  }
}
