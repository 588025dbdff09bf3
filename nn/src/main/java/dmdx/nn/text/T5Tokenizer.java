package dmdx.nn.text;

import dmdx.api.CheckpointException;
import dmdx.nn.text.SentencePieceModel.Piece;
import dmdx.nn.text.SentencePieceModel.PieceType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * T5's tokenizer: the most probable segmentation of a text into the pieces of a SentencePiece
 * unigram model, and the end token.
 *
 * <p>Special tokens written out in a text ({@code </s>}, {@code <pad>}, {@code <unk>}, {@code
 * <extra_id_0>} to {@code <extra_id_99>}) are taken for what they say.
 */
public final class T5Tokenizer {
  private static final String MODEL = "spiece.model";
  private static final int SENTINELS = 100;
  private static final float UNKNOWN_PENALTY = 10;

  private final SentencePieceModel model;
  private final CharacterMap characters;
  private final Map<String, Integer> pieces = new HashMap<>();
  private final Map<String, Integer> special = new HashMap<>();
  private final Pattern cut;
  private final int longest;
  private final float unknownScore;
  private final int unknown;
  private final int end;
  private final int padding;
  private final int vocabularySize;

  /**
   * @throws CheckpointException if a special piece is missing
   */
  public T5Tokenizer(SentencePieceModel model) {
    this.model = model;
    characters = new CharacterMap(model.characterMap());
    Map<String, Integer> controls = new HashMap<>();
    int maxLength = 1;
    float lowest = Float.MAX_VALUE;
    int unknownId = -1;
    for (int id = 0; id < model.pieces().size(); id++) {
      Piece piece = model.pieces().get(id);
      switch (piece.type()) {
        case NORMAL, USER_DEFINED -> {
          pieces.put(piece.text(), id);
          maxLength = Math.max(maxLength, piece.text().codePointCount(0, piece.text().length()));
          lowest = piece.type() == PieceType.NORMAL ? Math.min(lowest, piece.score()) : lowest;
        }
        case UNKNOWN -> unknownId = id;
        case CONTROL -> controls.put(piece.text(), id);
        case UNUSED, BYTE -> {}
      }
    }
    longest = maxLength;
    unknownScore = lowest - UNKNOWN_PENALTY;
    Integer endId = controls.get("</s>");
    if (unknownId < 0 || endId == null) {
      throw new CheckpointException(
          "a SentencePiece model has no unknown piece or no control piece </s>. Use the spiece.model of a T5 tokenizer.");
    }
    unknown = unknownId;
    end = endId;
    int beyond = model.pieces().size() + SENTINELS;
    Integer pad = controls.get("<pad>");
    padding = pad == null ? beyond : pad;
    vocabularySize = pad == null ? beyond + 1 : beyond;
    special.put("</s>", end);
    special.put("<pad>", padding);
    special.put("<unk>", unknown);
    for (int i = 0; i < SENTINELS; i++) {
      special.put("<extra_id_" + i + ">", beyond - 1 - i);
    }
    cut = Pattern.compile("</s>|<pad>|<unk>|<extra_id_(?:[0-9]|[1-9][0-9])>");
  }

  /**
   * @param folder a tokenizer folder with {@code spiece.model}
   * @throws CheckpointException naming the file that is missing or broken
   */
  public static T5Tokenizer read(Path folder) {
    Path file = folder.resolve(MODEL);
    SentencePieceModel model = SentencePieceModel.read(file);
    try {
      return new T5Tokenizer(model);
    } catch (CheckpointException e) {
      throw new CheckpointException(file + ": " + e.getMessage(), e);
    }
  }

  /** The id that ends every text. */
  public int endToken() {
    return end;
  }

  /** The id that fills up short texts. */
  public int paddingToken() {
    return padding;
  }

  /** One more than the largest id. */
  public int vocabularySize() {
    return vocabularySize;
  }

  /**
   * The ids of a text at a given length: a text that is too long loses its last words, the end
   * token stays; a short one is padded.
   *
   * @param length at least 1
   */
  public long[] encode(String text, int length) {
    long[] all = encode(text);
    long[] ids = Arrays.copyOf(all, length);
    if (all.length > length) {
      ids[length - 1] = end;
    } else {
      Arrays.fill(ids, all.length, length, padding);
    }
    return ids;
  }

  /** The ids of a text and the end token. */
  public long[] encode(String text) {
    List<Integer> ids = new ArrayList<>();
    Matcher matcher = cut.matcher(text);
    int from = 0;
    while (matcher.find()) {
      segment(normalised(text.substring(from, matcher.start())), ids);
      ids.add(special.getOrDefault(matcher.group(), unknown));
      from = matcher.end();
    }
    segment(normalised(text.substring(from)), ids);
    if (ids.isEmpty() || ids.get(ids.size() - 1) != end) {
      ids.add(end);
    }
    return ids.stream().mapToLong(Integer::longValue).toArray();
  }

  private String normalised(String text) {
    String clean = characters.apply(text);
    if (model.singleSpaces()) {
      clean = clean.replaceAll(" +", " ").replaceAll("^ | \\z", "");
    }
    if (clean.isEmpty()) {
      return clean;
    }
    return (model.leadingSpace() ? " " + clean : clean).replace(' ', '\u2581');
  }

  /**
   * Viterbi over the characters: the best way to each is kept. Of equal ones the first found stays,
   * starts ascending, then lengths ascending.
   */
  private void segment(String text, List<Integer> ids) {
    int[] starts = text.codePoints().toArray();
    int n = starts.length;
    int[] offsets = new int[n + 1];
    for (int i = 0; i < n; i++) {
      offsets[i + 1] = offsets[i] + Character.charCount(starts[i]);
    }
    float[] best = new float[n + 1];
    int[] from = new int[n + 1];
    int[] piece = new int[n + 1];
    Arrays.fill(from, -1);
    for (int start = 0; start < n; start++) {
      boolean single = false;
      for (int stop = start + 1; stop <= Math.min(n, start + longest); stop++) {
        Integer id = pieces.get(text.substring(offsets[start], offsets[stop]));
        if (id != null) {
          single |= stop == start + 1;
          float score = best[start] + model.pieces().get(id).score();
          if (from[stop] < 0 || score > best[stop]) {
            best[stop] = score;
            from[stop] = start;
            piece[stop] = id;
          }
        }
      }
      float score = best[start] + unknownScore;
      if (!single && (from[start + 1] < 0 || score > best[start + 1])) {
        best[start + 1] = score;
        from[start + 1] = start;
        piece[start + 1] = unknown;
      }
    }
    int first = ids.size();
    for (int stop = n; stop > 0; stop = from[stop]) {
      boolean again = ids.size() > first && ids.get(first) == unknown;
      if (!(piece[stop] == unknown && again)) {
        ids.add(first, piece[stop]);
      }
    }
  }
}
