package dmdx.nn.text;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import java.util.Map;

/** Compares {@link T5Tokenizer} with recorded token ids. */
public final class T5TokenizerReference implements ReferenceCheck {
  private static final String PADDED = "padded_";

  /** For the service loader. */
  public T5TokenizerReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return index.json().path("family").asText().equals("t5-sentencepiece");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    Path folder = index.path().resolveSibling("");
    T5Tokenizer tokenizer = T5Tokenizer.read(folder);
    ParityRows rows = new ParityRows(index.path().getFileName().toString());
    long[] special = {tokenizer.paddingToken(), tokenizer.endToken()};
    long[] stored = {index.integer("pad_id"), index.integer("eos_id")};
    rows.integers("ids", "pad_id, eos_id", special, stored);
    int number = 0;
    for (JsonNode text : index.json().path("cases")) {
      String prompt = text.get("text").asText();
      for (Map.Entry<String, JsonNode> field : text.properties()) {
        String name = number + "." + field.getKey();
        if (field.getKey().equals("ids")) {
          compare(rows, name, tokenizer.encode(prompt), field.getValue());
        } else if (field.getKey().startsWith(PADDED)) {
          int length = Integer.parseInt(field.getKey().substring(PADDED.length()));
          compare(rows, name, tokenizer.encode(prompt, length), field.getValue());
        }
      }
      number++;
    }
    return new ParityReport(folder, rows.list());
  }

  private static void compare(ParityRows rows, String name, long[] actual, JsonNode stored) {
    rows.integers("ids", name, actual, ClipTokenizerReference.ids(stored));
  }
}
