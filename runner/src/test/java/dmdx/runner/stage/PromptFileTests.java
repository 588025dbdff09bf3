package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.ConfigFactory;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PromptFileTests {
  @TempDir Path folder;

  /** What the section {@code prompts} reads, {@code file} set. */
  private List<String> read(String name, String content, String... more) throws IOException {
    Files.writeString(folder.resolve(name), content);
    Settings settings =
        Settings.of(
            ConfigFactory.parseString("file = \"" + name + "\"\n" + String.join("\n", more)),
            folder);
    PromptSet.Source source = PromptSet.Source.from(settings);
    settings.finish();
    return source.read().prompts();
  }

  private List<String> problems(String name, String content, String... more) {
    return assertThrows(SettingsException.class, () -> read(name, content, more)).problems();
  }

  private String at(String name, int line) {
    return folder.resolve(name) + ":" + line + ": ";
  }

  @Test
  void a_text_has_a_prompt_a_line() throws IOException {
    assertEquals(List.of("a \"red\" cat", "b, c"), read("p.txt", " a \"red\" cat\nb, c \n"));
  }

  @Test
  void commas_quotes_and_line_breaks_may_be_quoted_in_csv() throws IOException {
    String content = "id,Prompt\n1,\"a cat, \"\"Tom\"\"\"\n2,\"two\nlines\"\n3,plain\n";
    assertEquals(List.of("a cat, \"Tom\"", "two\nlines", "plain"), read("p.csv", content));
  }

  @Test
  void quotes_are_letters_in_tsv() throws IOException {
    String content = "Prompt\tCategory\n\"Hi\" on a wall\tSigns\na panda\tAnimals\n";
    assertEquals(List.of("\"Hi\" on a wall", "a panda"), read("p.tsv", content));
    assertEquals(List.of("a panda"), read("q.tsv", content, "where.Category = Animals"));
    assertEquals(List.of("Signs", "Animals"), read("r.tsv", content, "column = Category"));
  }

  @Test
  void a_json_line_has_its_prompt_under_a_usual_name() throws IOException {
    String content = "{\"id\": 1, \"prompt\": \"a\"}\n{\"text\": \"b\", \"n\": [1, 2]}\n";
    assertEquals(List.of("a", "b"), read("p.jsonl", content));
  }

  private static final String VBENCH =
      """
      [
        {"prompt_en": "a bird", "dimension": ["color", "scene"],
         "auxiliary_info": {"color": {"color": "red"}}},
        {"prompt_en": "a boat", "dimension": ["scene"]}
      ]
      """;

  @Test
  void vbenchs_list_can_be_cut_down_to_a_dimension() throws IOException {
    assertEquals(List.of("a bird", "a boat"), read("p.json", VBENCH));
    assertEquals(List.of("a bird"), read("p.json", VBENCH, "where { dimension = color }"));
    assertEquals(
        List.of(folder.resolve("p.json") + ": holds no prompt that 'prompts.where' lets through."),
        problems("p.json", VBENCH, "where { dimension = motion }"));
  }

  @Test
  void the_format_may_be_other_than_the_files_name_says() throws IOException {
    assertEquals(List.of("a"), read("list", "prompt,n\na,1\n", "format = csv"));
    assertEquals(List.of("prompt,n", "a,1"), read("list.csv", "prompt,n\na,1\n", "format = text"));
  }

  @Test
  void a_limit_takes_the_first() throws IOException {
    assertEquals(List.of("a", "b"), read("p.txt", "a\nb\nc\n", "limit = 2"));
    assertEquals(List.of("a"), read("q.txt", "a\n", "limit = 2"));
  }

  @Test
  void every_bad_row_of_a_table_is_told_with_its_line() {
    List<String> problems = problems("p.csv", "prompt,n\n\"a\nb\",1\nc\n,2\n\nd,3,4\n\"e,5\n");
    assertEquals(
        List.of(
            at("p.csv", 4) + "has 1 fields, expected 2: prompt, n.",
            at("p.csv", 5) + "'prompt' is no text or blank. Give every row a prompt.",
            at("p.csv", 6) + "has 1 fields, expected 2: prompt, n.",
            at("p.csv", 7) + "has 3 fields, expected 2: prompt, n."),
        problems.subList(0, 4));
    assertEquals(5, problems.size());
    assertTrue(problems.get(4).startsWith(at("p.csv", 8) + "is no row"), problems.get(4));
  }

  @Test
  void every_bad_line_of_json_is_told() {
    List<String> problems =
        problems(
            "p.jsonl", "{\"prompt\": \"a\"}\n{\"prompt\": 3}\n[1]\n{\"promt\": \"b\"}\n{oops\n\n");
    assertEquals(
        List.of(
            at("p.jsonl", 2) + "'prompt' is no text or blank. Give every row a prompt.",
            at("p.jsonl", 3) + "expected an object such as {\"prompt\": \"a lighthouse\"}.",
            at("p.jsonl", 4) + "there is no field 'prompt', only promt. Correct 'prompts.column'."),
        problems.subList(0, 3));
    assertTrue(problems.get(3).startsWith(at("p.jsonl", 5) + "is no JSON ("), problems.get(3));
    assertEquals(
        at("p.jsonl", 6) + "expected an object such as {\"prompt\": \"a lighthouse\"}.",
        problems.get(4));
  }

  @Test
  void problems_of_an_array_are_told_with_their_lines() {
    String content = "[\n {\"prompt_en\": \"\"},\n {\"prompt_en\": \"a\"},\n 7\n";
    List<String> problems = problems("p.json", content);
    assertEquals(3, problems.size(), problems.toString());
    assertTrue(problems.get(0).startsWith(at("p.json", 2)), problems.get(0));
    assertTrue(problems.get(1).startsWith(at("p.json", 4) + "expected an object"), problems.get(1));
    assertTrue(problems.get(2).contains("is no JSON"), problems.get(2));
    assertEquals(
        List.of(folder.resolve("o.json") + ": expected an array of objects. Set 'prompts.format'."),
        problems("o.json", "{}"));
  }

  @Test
  void a_text_has_no_fields() {
    assertEquals(
        List.of(
            folder.resolve("p.txt")
                + ": is a text without fields, so 'prompts.column' and 'prompts.where' mean nothing. Take them out, or set 'prompts.format'.",
            at("p.txt", 2) + "blank line. Put one prompt on every line."),
        problems("p.txt", "a\n\n", "column = b"));
  }

  @Test
  void an_unknown_column_is_told_on_every_row_with_the_known_ones() {
    assertEquals(
        List.of(
            at("p.tsv", 2) + "there is no field 'c', only a, b. Correct 'prompts.column'.",
            at("p.tsv", 3) + "there is no field 'd', only a, b. Correct 'prompts.where'."),
        List.of(
            problems("p.tsv", "a\tb\n1\t2\n", "column = c").get(0),
            problems("p.tsv", "a\tb\n1\t2\n3\t4\n", "column = a", "where.d = 1").get(1)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"p.txt", "p.csv", "p.tsv", "p.jsonl"})
  void an_empty_file_holds_no_prompt(String name) {
    assertEquals(List.of(folder.resolve(name) + ": holds no prompt."), problems(name, ""));
  }

  @Test
  void an_unknown_format_is_told_with_the_known_ones() {
    String problem = problems("p.txt", "a\n", "format = xml").get(0);
    assertTrue(problem.contains("text, jsonl, csv, tsv, json"), problem);
  }

  @Test
  void why_a_file_cannot_be_read_is_said_once() throws IOException {
    Path latin = folder.resolve("latin.txt");
    Files.write(latin, new byte[] {'a', (byte) 0xe9, 'b'});
    for (Path file : List.of(latin, folder.resolve("absent.txt"))) {
      String reason = file == latin ? "it is not UTF-8" : "there is no such file";
      SettingsException error =
          assertThrows(
              SettingsException.class,
              () -> PromptFile.read(file, PromptFile.Format.TEXT, null, Map.of()));
      assertEquals(
          List.of("%s: cannot be read (%s). Correct 'prompts.file'.".formatted(file, reason)),
          error.problems());
    }
  }
}
