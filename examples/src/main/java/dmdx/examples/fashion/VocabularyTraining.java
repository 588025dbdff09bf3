package dmdx.examples.fashion;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.nn.data.ImageFolder;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.text.ClipVocabulary;
import dmdx.nn.weights.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Learns the tokenizers from the captions. As in SDXL, the first pads with the end token, the
 * second with {@code !}. The configurations of the text encoders beside them follow.
 */
@Command(name = "vocabulary", description = "Writes tokenizer and tokenizer_2 of the teacher.")
final class VocabularyTraining implements Callable<Integer> {
  private static final int MOST_MERGES = 256;
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  @Option(names = "--data", required = true, description = "Folder written by 'prepare'.")
  private Path data = Path.of("");

  @Option(names = "--out", required = true, description = "Folder of the teacher.")
  private Path out = Path.of("");

  @Override
  public Integer call() throws IOException {
    ImageFolder images = ImageFolder.read(data.resolve("train"), Wardrobe.SIZE, Wardrobe.SIZE);
    Set<String> captions = new TreeSet<>(images.captions());
    write(captions, "", "<|endoftext|>");
    write(captions, "_2", "!");
    return 0;
  }

  private void write(Set<String> captions, String suffix, String padToken) throws IOException {
    Path folder = out.resolve("tokenizer" + suffix);
    ClipVocabulary.train(captions, MOST_MERGES, folder);
    Path encoder = out.resolve("text_encoder" + suffix).resolve("config.json");
    ObjectNode network = ModelConfig.read(encoder).json().deepCopy();
    ObjectNode tokenizer = edit(folder.resolve("tokenizer_config.json"), padToken);
    tokenizer.put("model_max_length", network.get("max_position_embeddings").intValue());
    save(folder.resolve("tokenizer_config.json"), tokenizer);
    ObjectNode special = edit(folder.resolve("special_tokens_map.json"), padToken);
    save(folder.resolve("special_tokens_map.json"), special);

    ClipTokenizer trained = ClipTokenizer.read(folder);
    int longest = 0;
    for (String caption : captions) {
      longest = Math.max(longest, 2 + trained.tokens(caption).size());
    }
    long[] empty = trained.encode("");
    network.put("bos_token_id", empty[0]);
    network.put("eos_token_id", trained.endToken());
    network.put("pad_token_id", empty[empty.length - 1]);
    network.put("vocab_size", trained.vocabularySize());
    save(encoder, network);
    System.out.printf(
        "%s: %d tokens; longest of %d captions: %d of %d%n",
        folder, trained.vocabularySize(), captions.size(), longest, trained.maxLength());
  }

  private static ObjectNode edit(Path file, String padToken) {
    ObjectNode json = ModelConfig.read(file).json().deepCopy();
    return json.put("pad_token", padToken);
  }

  private static void save(Path file, ObjectNode json) throws IOException {
    Files.writeString(file, JSON.writeValueAsString(json) + "\n");
  }
}
