package dmdx.nn.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dmdx.api.CheckpointException;
import dmdx.nn.text.SentencePieceModel.Piece;
import dmdx.nn.text.SentencePieceModel.PieceType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class T5TokenizerTests {
  private static final List<Piece> PIECES =
      List.of(
          new Piece("<pad>", 0, PieceType.CONTROL),
          new Piece("</s>", 0, PieceType.CONTROL),
          new Piece("<unk>", 0, PieceType.UNKNOWN),
          new Piece("\u2581", -3, PieceType.NORMAL),
          new Piece("\u2581cat", -4, PieceType.NORMAL),
          new Piece("\u2581ca", -3, PieceType.NORMAL),
          new Piece("t", -2, PieceType.NORMAL),
          new Piece("s", -2, PieceType.NORMAL),
          new Piece("ts", -1.5f, PieceType.NORMAL),
          new Piece("A", -5, PieceType.UNUSED),
          new Piece("😀", -6, PieceType.USER_DEFINED));

  @TempDir Path folder;

  private static T5Tokenizer tokenizer(byte[] map) {
    return new T5Tokenizer(new SentencePieceModel(PIECES, map, true, true));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''|1",
        "'   '|1",
        "cat|4 1",
        "'  cat   cat '|4 4 1",
        // the next-line character does not end the text: the space before it stays
        "'cat \u0085'|4 3 2 1",
        // "ca" + "ts" is -4.5, "cat" + "s" is -6
        "cats|5 8 1",
        // neighbouring unknowns are one, and an unused piece is unknown
        "xyA|3 2 1",
        "'x t'|3 2 3 6 1",
        "😀|3 10 1",
        "cat</s>|4 1",
        "'cat </s> cat'|4 1 4 1",
        "'<extra_id_0>cat <extra_id_99>'|110 4 11 1",
        "'<pad><unk>'|0 2 1"
      })
  void finds_the_most_probable_pieces(String text, String ids) {
    assertEquals(ids, joined(tokenizer(new byte[0]).encode(text)));
  }

  private static String joined(long[] ids) {
    return String.join(" ", java.util.Arrays.stream(ids).mapToObj(String::valueOf).toList());
  }

  @Test
  void pads_and_truncates_before_the_end_token() {
    T5Tokenizer tokenizer = tokenizer(new byte[0]);
    assertArrayEquals(new long[] {4, 1, 0, 0}, tokenizer.encode("cat", 4));
    assertArrayEquals(new long[] {4, 4, 1}, tokenizer.encode("cat cat cat", 3));
    assertEquals(111, tokenizer.vocabularySize());
  }

  /** A trie with the one word "B", whose replacement is "cat". */
  @Test
  void replaces_characters_first() {
    ByteBuffer map = ByteBuffer.allocate(4 + 4 * 256 + 4).order(ByteOrder.LITTLE_ENDIAN);
    map.putInt(4 * 256);
    int child = 'B' ^ 1;
    map.putInt(4, 1 << 10);
    map.putInt(4 + 4 * child, 'B' | (1 << 8) | (2 << 10));
    map.putInt(4 + 4 * (child ^ 2), 0x80000000);
    map.position(4 + 4 * 256);
    map.put("cat\0".getBytes(StandardCharsets.UTF_8));
    assertEquals("5 8 1", joined(tokenizer(map.array()).encode("Bs")));
    assertEquals("4 4 1", joined(tokenizer(map.array()).encode("B cat")));
  }

  @Test
  void a_model_is_read_as_it_was_written() {
    Path file = folder.resolve("spiece.model");
    new SentencePieceModel(PIECES, new byte[] {4, 0, 0, 0, 0, 0, 0, 0}, true, false).write(file);
    SentencePieceModel read = SentencePieceModel.read(file);
    assertEquals(PIECES, read.pieces());
    assertArrayEquals(new byte[] {4, 0, 0, 0, 0, 0, 0, 0}, read.characterMap());
    assertTrue(read.leadingSpace());
    assertEquals(false, read.singleSpaces());
    assertEquals(4, T5Tokenizer.read(folder).encode("cat")[0]);
  }

  @Test
  void names_the_file_that_is_missing_or_broken() throws Exception {
    Path file = folder.resolve("spiece.model");
    assertNames(file, "cannot be read");
    Files.write(file, new byte[] {10, 100, 1});
    assertNames(file, "no SentencePiece model");
    Files.write(file, new byte[0]);
    assertNames(file, "no pieces");
    new SentencePieceModel(PIECES.subList(3, 6), new byte[0], true, true).write(file);
    assertNames(file, "</s>");
  }

  private void assertNames(Path file, String problem) {
    String message =
        String.valueOf(
            assertThrows(CheckpointException.class, () -> T5Tokenizer.read(folder)).getMessage());
    assertTrue(message.startsWith(file.toString()) && message.contains(problem), message);
  }
}
