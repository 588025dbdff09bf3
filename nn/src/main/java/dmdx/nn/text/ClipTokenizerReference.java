package dmdx.nn.text;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import java.util.List;

/**
 * Compares {@link ClipTokenizer} with recorded token ids. A name ending in {@code _hf} or {@code
 * _hf_basic} is what diffusion pipelines get; it is stored only where it differs.
 */
public final class ClipTokenizerReference implements ReferenceCheck {
  private static final String END = ClipTokenizer.END;
  private static final String SECOND_PADDING = "!";

  /** For the service loader. */
  public ClipTokenizerReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return index.json().path("family").asText().equals("clip-bpe");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    Path folder = index.path().resolveSibling("");
    ParityRows rows = new ParityRows(index.path().getFileName().toString());
    for (TextCleaning cleaning : TextCleaning.values()) {
      boolean pipeline = cleaning == TextCleaning.TRANSFORMERS;
      List<ClipTokenizer> tokenizers =
          List.of(
              ClipTokenizer.read(folder, cleaning, END),
              ClipTokenizer.read(folder, cleaning, SECOND_PADDING));
      int number = 0;
      for (JsonNode text : index.json().path("cases")) {
        String prompt = text.get("text").asText();
        compare(
            rows,
            number,
            text,
            "ids",
            pipeline ? "_hf_basic" : "",
            whole(tokenizers.get(0), prompt));
        for (int i = 0; i < tokenizers.size(); i++) {
          String field = "tokenizer_" + (i + 1);
          compare(
              rows, number, text, field, pipeline ? "_hf" : "", tokenizers.get(i).encode(prompt));
        }
        number++;
      }
    }
    return new ParityReport(folder, rows.list());
  }

  private static void compare(
      ParityRows rows, int number, JsonNode text, String field, String suffix, long[] actual) {
    String name = field + suffix;
    JsonNode stored = text.has(name) ? text.get(name) : text.get(field);
    rows.integers("ids", number + "." + name, actual, ids(stored));
  }

  /** All tokens between start and end, neither truncated nor padded. */
  private static long[] whole(ClipTokenizer tokenizer, String text) {
    List<Integer> tokens = tokenizer.tokens(text);
    long[] sequence = new long[tokens.size() + 2];
    sequence[0] = tokenizer.encode("")[0];
    for (int i = 0; i < tokens.size(); i++) {
      sequence[i + 1] = tokens.get(i);
    }
    sequence[sequence.length - 1] = tokenizer.endToken();
    return sequence;
  }

  static long[] ids(JsonNode list) {
    long[] ids = new long[list.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = list.get(i).asLong();
    }
    return ids;
  }
}
