package dmdx.nn.text;

import dmdx.nn.text.ClipTokenizerFiles.Pair;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The byte-pair tokenizer of CLIP, for any vocabulary in its layout. Threads may share it.
 *
 * <p>The folder holds {@code vocab.json} (token to id) and {@code merges.txt} (a header line, then
 * one merge a line, best first), and may hold {@code special_tokens_map.json} and {@code
 * tokenizer_config.json}, as the tokenizer folders of a diffusers checkpoint do.
 */
public final class ClipTokenizer {
  static final String START = "<|startoftext|>";
  static final String END = "<|endoftext|>";
  private static final int CACHED_WORDS = 16_384;

  private final Map<String, Integer> vocabulary;
  private final Map<Pair, Integer> ranks;
  private final TextCleaning cleaning;
  private final Map<String, Integer> special = new HashMap<>();
  private final Pattern cut;
  private final int start;
  private final int end;
  private final int unknown;
  private final int padding;
  private final int maxLength;
  private final Map<String, List<Integer>> cache = new ConcurrentHashMap<>();

  private ClipTokenizer(
      ClipTokenizerFiles files, TextCleaning cleaning, @Nullable String padToken) {
    this.cleaning = cleaning;
    vocabulary = files.vocabulary();
    ranks = files.merges();
    maxLength = files.maxLength();
    String startToken = files.role("bos_token", START);
    String endToken = files.role("eos_token", END);
    String unknownToken = files.role("unk_token", END);
    String pad = padToken == null ? files.role("pad_token", END) : padToken;
    start = files.id(startToken);
    end = files.id(endToken);
    unknown = files.id(unknownToken);
    padding = files.id(pad);

    special.put(startToken, start);
    special.put(endToken, end);
    if (cleaning == TextCleaning.TRANSFORMERS) {
      special.put(unknownToken, unknown);
      special.put(pad, padding);
      special.putAll(files.addedTokens());
    }
    // longer tokens first, so that none hides behind its own beginning
    cut =
        Pattern.compile(
            special.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
  }

  /**
   * The tokenizer as diffusion pipelines use it. Its padding token is taken out of prompts like any
   * special token; SDXL's second tokenizer pads with {@code !}.
   *
   * @param folder a tokenizer folder
   * @throws dmdx.api.CheckpointException naming the file that is missing or broken
   */
  public static ClipTokenizer read(Path folder) {
    return new ClipTokenizer(new ClipTokenizerFiles(folder), TextCleaning.TRANSFORMERS, null);
  }

  /**
   * The tokenizer with another cleaning or padding than its folder asks for. Under {@link
   * TextCleaning#OPENAI} padding is no special token.
   *
   * @param folder a tokenizer folder
   * @param cleaning what happens to a prompt first
   * @param padToken text of the token that fills up short prompts
   * @throws dmdx.api.CheckpointException naming the file that is missing or broken
   */
  public static ClipTokenizer read(Path folder, TextCleaning cleaning, String padToken) {
    return new ClipTokenizer(new ClipTokenizerFiles(folder), cleaning, padToken);
  }

  /** The length of every sequence {@link #encode} returns. */
  public int maxLength() {
    return maxLength;
  }

  /** The id that follows the last word. */
  public int endToken() {
    return end;
  }

  /** One more than the largest id. */
  public int vocabularySize() {
    return 1 + vocabulary.values().stream().mapToInt(Integer::intValue).max().orElse(-1);
  }

  /**
   * The ids of a prompt: start token, words, end token, padding. A prompt that is too long loses
   * its last words; the end token stays.
   *
   * @return {@link #maxLength} ids
   */
  public long[] encode(String text) {
    List<Integer> words = tokens(text);
    int kept = Math.min(words.size(), maxLength - 2);
    long[] ids = new long[maxLength];
    Arrays.fill(ids, padding);
    ids[0] = start;
    for (int i = 0; i < kept; i++) {
      ids[i + 1] = words.get(i);
    }
    ids[kept + 1] = end;
    return ids;
  }

  /** The ids of a prompt's words alone. */
  public List<Integer> tokens(String text) {
    List<Integer> ids = new ArrayList<>();
    if (cleaning == TextCleaning.OPENAI) {
      encodeWords(text, ids);
      return ids;
    }
    Matcher matcher = cut.matcher(text);
    int from = 0;
    while (matcher.find()) {
      encodeWords(text.substring(from, matcher.start()), ids);
      ids.add(idOf(matcher.group()));
      from = matcher.end();
    }
    encodeWords(text.substring(from), ids);
    return ids;
  }

  private void encodeWords(String text, List<Integer> ids) {
    for (String word : cleaning.words(text)) {
      List<Integer> known = cache.get(word);
      if (known == null) {
        known = encodeWord(word);
        if (cache.size() < CACHED_WORDS) {
          cache.put(word, known);
        }
      }
      ids.addAll(known);
    }
  }

  private List<Integer> encodeWord(String word) {
    if (word.equals(START) || word.equals(END)) {
      return List.of(idOf(word));
    }
    return merged(ByteSymbols.of(word)).stream().map(this::idOf).toList();
  }

  private List<String> merged(List<String> word) {
    List<String> symbols = word;
    while (true) {
      Pair best = null;
      int rank = Integer.MAX_VALUE;
      for (int i = 0; i + 1 < symbols.size(); i++) {
        Pair pair = new Pair(symbols.get(i), symbols.get(i + 1));
        int candidate = ranks.getOrDefault(pair, Integer.MAX_VALUE);
        if (candidate < rank) {
          rank = candidate;
          best = pair;
        }
      }
      if (best == null) {
        return symbols;
      }
      symbols = ClipVocabulary.merge(symbols, best);
    }
  }

  private int idOf(String token) {
    Integer id = special.get(token);
    return id != null ? id : vocabulary.getOrDefault(token, unknown);
  }
}
