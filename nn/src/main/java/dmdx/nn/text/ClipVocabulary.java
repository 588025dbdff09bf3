package dmdx.nn.text;

import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.nn.text.ClipTokenizerFiles.Pair;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Trains a vocabulary in the CLIP layout, for text encoders trained from scratch. */
public final class ClipVocabulary {
  private static final Comparator<Map.Entry<Pair, Long>> BEST =
      Map.Entry.<Pair, Long>comparingByValue()
          .reversed()
          .thenComparing(entry -> entry.getKey().left())
          .thenComparing(entry -> entry.getKey().right());

  private final List<List<String>> words = new ArrayList<>();
  private final List<Long> counts = new ArrayList<>();

  private ClipVocabulary(Collection<String> captions) {
    Map<String, Long> frequencies = new TreeMap<>();
    for (String caption : captions) {
      for (String word : TextCleaning.TRANSFORMERS.words(caption)) {
        if (!word.equals(ClipTokenizer.START) && !word.equals(ClipTokenizer.END)) {
          frequencies.merge(word, 1L, Long::sum);
        }
      }
    }
    frequencies.forEach(
        (word, count) -> {
          words.add(ByteSymbols.of(word));
          counts.add(count);
        });
  }

  /**
   * Learns byte-pair merges and writes a tokenizer folder that {@link ClipTokenizer#read} takes:
   * 256 byte symbols, the same with the end-of-word mark, one token per merge, start and end token.
   * Each merge joins the most frequent pair of neighbours, the alphabetically first one of equals.
   *
   * @param captions the texts; their order does not matter
   * @param merges most merges to learn; fewer if no pair occurs twice any more
   * @param folder where the files go; created if absent
   * @throws CheckpointException if the files cannot be written
   */
  public static void train(Collection<String> captions, int merges, Path folder) {
    List<Pair> learnt = new ClipVocabulary(captions).learn(merges);
    write(learnt, folder);
  }

  private List<Pair> learn(int merges) {
    List<Pair> learnt = new ArrayList<>();
    Map<Pair, Long> pairs = new HashMap<>();
    for (int i = 0; i < words.size(); i++) {
      count(pairs, words.get(i), counts.get(i));
    }
    while (learnt.size() < merges) {
      Pair best =
          pairs.entrySet().stream()
              .filter(entry -> entry.getValue() > 1)
              .min(BEST)
              .map(Map.Entry::getKey)
              .orElse(null);
      if (best == null) {
        break;
      }
      learnt.add(best);
      for (int i = 0; i < words.size(); i++) {
        List<String> before = words.get(i);
        List<String> after = merge(before, best);
        if (after.size() < before.size()) {
          count(pairs, before, -counts.get(i));
          count(pairs, after, counts.get(i));
          words.set(i, after);
        }
      }
      pairs.values().removeIf(n -> n == 0);
    }
    return learnt;
  }

  private static void count(Map<Pair, Long> pairs, List<String> word, long times) {
    for (int i = 0; i + 1 < word.size(); i++) {
      pairs.merge(new Pair(word.get(i), word.get(i + 1)), times, Long::sum);
    }
  }

  /** The word with every occurrence of the pair joined, from left to right. */
  static List<String> merge(List<String> word, Pair pair) {
    List<String> merged = new ArrayList<>(word.size());
    for (int i = 0; i < word.size(); i++) {
      boolean joins =
          i + 1 < word.size()
              && word.get(i).equals(pair.left())
              && word.get(i + 1).equals(pair.right());
      merged.add(joins ? pair.left() + pair.right() : word.get(i));
      i += joins ? 1 : 0;
    }
    return merged;
  }

  private static void write(List<Pair> merges, Path folder) {
    Map<String, Integer> ids = new LinkedHashMap<>();
    StringBuilder lines = new StringBuilder("#version: 0.2\n");
    for (String mark : List.of("", ByteSymbols.END_OF_WORD)) {
      ByteSymbols.inOrder().forEach(symbol -> ids.put(symbol + mark, ids.size()));
    }
    for (Pair pair : merges) {
      ids.putIfAbsent(pair.left() + pair.right(), ids.size());
      lines.append(pair.left()).append(' ').append(pair.right()).append('\n');
    }
    ids.put(ClipTokenizer.START, ids.size());
    ids.put(ClipTokenizer.END, ids.size());

    Map<String, Object> config = new LinkedHashMap<>();
    config.put("bos_token", ClipTokenizer.START);
    config.put("eos_token", ClipTokenizer.END);
    config.put("unk_token", ClipTokenizer.END);
    config.put("pad_token", ClipTokenizer.END);
    Map<String, Object> special = new LinkedHashMap<>(config);
    config.put("model_max_length", ClipTokenizerFiles.USUAL_LENGTH);
    config.put("tokenizer_class", "CLIPTokenizer");

    ObjectMapper json = new ObjectMapper();
    try {
      Files.createDirectories(folder);
      Files.writeString(folder.resolve(ClipTokenizerFiles.MERGES), lines);
      json.writeValue(folder.resolve(ClipTokenizerFiles.VOCABULARY).toFile(), ids);
      json.writeValue(folder.resolve(ClipTokenizerFiles.SPECIAL_TOKENS).toFile(), special);
      json.writeValue(folder.resolve(ClipTokenizerFiles.CONFIG).toFile(), config);
    } catch (IOException e) {
      throw new CheckpointException(
          "%s: the vocabulary cannot be written (%s)".formatted(folder, e.getMessage()), e);
    }
  }
}
