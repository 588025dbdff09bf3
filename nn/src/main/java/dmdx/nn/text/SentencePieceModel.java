package dmdx.nn.text;

import dmdx.api.CheckpointException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A SentencePiece model file ({@code spiece.model}): a protocol buffer of which these fields count.
 *
 * <pre>
 * 1  piece, repeated     1 text, 2 score (float32), 3 type
 * 3  normaliser          2 character map, 3 add a space in front, 4 remove extra spaces
 * </pre>
 *
 * @param pieces the vocabulary; a piece's id is its place
 * @param characterMap compiled replacements of characters, may be empty
 * @param leadingSpace whether a text gets a space in front
 * @param singleSpaces whether runs of spaces collapse and outer ones go
 */
public record SentencePieceModel(
    List<Piece> pieces, byte[] characterMap, boolean leadingSpace, boolean singleSpaces) {

  /** What a piece is for. */
  public enum PieceType {
    /** Part of texts. */
    NORMAL(1),
    /** Stands for all that is in no piece. */
    UNKNOWN(2),
    /** Never in a text: padding, end. */
    CONTROL(3),
    /** Part of texts, by decree. */
    USER_DEFINED(4),
    /** Never used. */
    UNUSED(5),
    /** One byte. */
    BYTE(6);

    private final int number;

    PieceType(int number) {
      this.number = number;
    }

    private static PieceType of(long number) {
      for (PieceType type : values()) {
        if (type.number == number) {
          return type;
        }
      }
      throw new IllegalArgumentException("a piece has type " + number);
    }
  }

  /**
   * One entry of the vocabulary.
   *
   * @param text with U+2581 for spaces
   * @param score logarithm of its probability
   */
  public record Piece(String text, float score, PieceType type) {}

  public SentencePieceModel {
    pieces = List.copyOf(pieces);
  }

  /**
   * @throws CheckpointException if the file is missing or is no such model
   */
  public static SentencePieceModel read(Path file) {
    try {
      SentencePieceModel model = parse(ByteBuffer.wrap(Files.readAllBytes(file)));
      if (model.pieces.isEmpty()) {
        throw new CheckpointException(
            file + ": holds no pieces. Use the spiece.model of a T5 tokenizer.");
      }
      return model;
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be read (%s). Point to the tokenizer folder of a T5 encoder, with spiece.model."
              .formatted(file, e.getMessage()),
          e);
    } catch (IllegalArgumentException | java.nio.BufferUnderflowException e) {
      throw new CheckpointException(
          "%s: is no SentencePiece model (%s). Fetch the file again.".formatted(file, e), e);
    }
  }

  private static SentencePieceModel parse(ByteBuffer in) {
    List<Piece> pieces = new ArrayList<>();
    byte[] map = {};
    boolean leading = true;
    boolean single = true;
    while (in.hasRemaining()) {
      long tag = varint(in);
      if (tag == tag(1, BYTES)) {
        pieces.add(piece(message(in)));
      } else if (tag == tag(3, BYTES)) {
        ByteBuffer normaliser = message(in);
        while (normaliser.hasRemaining()) {
          long field = varint(normaliser);
          if (field == tag(2, BYTES)) {
            map = bytes(message(normaliser));
          } else if (field == tag(3, VARINT)) {
            leading = varint(normaliser) != 0;
          } else if (field == tag(4, VARINT)) {
            single = varint(normaliser) != 0;
          } else {
            skip(normaliser, field);
          }
        }
      } else {
        skip(in, tag);
      }
    }
    return new SentencePieceModel(pieces, map, leading, single);
  }

  private static Piece piece(ByteBuffer in) {
    String text = "";
    float score = 0;
    PieceType type = PieceType.NORMAL;
    while (in.hasRemaining()) {
      long field = varint(in);
      if (field == tag(1, BYTES)) {
        text = new String(bytes(message(in)), StandardCharsets.UTF_8);
      } else if (field == tag(2, FOUR_BYTES)) {
        score = in.order(ByteOrder.LITTLE_ENDIAN).getFloat();
      } else if (field == tag(3, VARINT)) {
        type = PieceType.of(varint(in));
      } else {
        skip(in, field);
      }
    }
    return new Piece(text, score, type);
  }

  /**
   * @throws CheckpointException if it cannot be written
   */
  public void write(Path file) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (Piece piece : pieces) {
      ByteArrayOutputStream one = new ByteArrayOutputStream();
      put(one, 1, piece.text().getBytes(StandardCharsets.UTF_8));
      putVarint(one, tag(2, FOUR_BYTES));
      int bits = Float.floatToIntBits(piece.score());
      for (int shift = 0; shift < 32; shift += 8) {
        one.write(bits >>> shift);
      }
      putVarint(one, tag(3, VARINT));
      putVarint(one, piece.type().number);
      put(out, 1, one.toByteArray());
    }
    ByteArrayOutputStream normaliser = new ByteArrayOutputStream();
    put(normaliser, 2, characterMap);
    putVarint(normaliser, tag(3, VARINT));
    putVarint(normaliser, leadingSpace ? 1 : 0);
    putVarint(normaliser, tag(4, VARINT));
    putVarint(normaliser, singleSpaces ? 1 : 0);
    put(out, 3, normaliser.toByteArray());
    try {
      Files.write(file, out.toByteArray());
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: cannot be written (%s). Check permissions and free space."
              .formatted(file, e.getMessage()),
          e);
    }
  }

  private static final int VARINT = 0;
  private static final int EIGHT_BYTES = 1;
  private static final int BYTES = 2;
  private static final int FOUR_BYTES = 5;

  private static long tag(int field, int kind) {
    return ((long) field << 3) | kind;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = in.get();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IllegalArgumentException("a number without end at byte " + in.position());
  }

  private static ByteBuffer message(ByteBuffer in) {
    long length = varint(in);
    if (length < 0 || length > in.remaining()) {
      throw new IllegalArgumentException(
          "%d bytes announced, %d left".formatted(length, in.remaining()));
    }
    ByteBuffer part = in.slice(in.position(), (int) length);
    in.position(in.position() + (int) length);
    return part;
  }

  private static byte[] bytes(ByteBuffer in) {
    byte[] bytes = new byte[in.remaining()];
    in.get(bytes);
    return bytes;
  }

  private static void skip(ByteBuffer in, long tag) {
    switch ((int) (tag & 7)) {
      case VARINT -> varint(in);
      case EIGHT_BYTES -> in.getLong();
      case BYTES -> message(in);
      case FOUR_BYTES -> in.getInt();
      default -> throw new IllegalArgumentException("field of kind " + (tag & 7));
    }
  }

  private static void put(ByteArrayOutputStream out, int field, byte[] bytes) {
    putVarint(out, tag(field, BYTES));
    putVarint(out, bytes.length);
    out.writeBytes(bytes);
  }

  private static void putVarint(ByteArrayOutputStream out, long value) {
    long rest = value;
    while (rest > 0x7f) {
      out.write((int) ((rest & 0x7f) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
  }
}
