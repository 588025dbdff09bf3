package dmdx.runner.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunReportTests {
  private static final Pattern ADDRESS = Pattern.compile("(?:https?:)?//[a-z0-9-]+\\.[a-zA-Z./-]*");
  private static final Pattern DATA =
      Pattern.compile("<script type=\"application/json\" id=\"data\">(.*?)</script>");

  @TempDir Path folder;

  private static JsonNode data(String html) throws IOException {
    Matcher data = DATA.matcher(html);
    assertTrue(data.find());
    return new ObjectMapper().readTree(data.group(1));
  }

  @Test
  void is_one_file_that_needs_no_network() throws IOException {
    new SomeRun(folder).complete();
    String html = Files.readString(RunReport.write(folder));
    assertEquals(
        "https://github.com/leeoniya/uPlot",
        ADDRESS.matcher(html).results().map(match -> match.group()).reduce("", String::concat),
        "only the licence comment names an address");
    assertTrue(html.contains("default-src 'none'; img-src data:;"), "a policy forbids the network");
    assertFalse(Pattern.compile("<(link[^>]*stylesheet|script[^>]*src)").matcher(html).find());
    assertTrue(html.contains("Permission is hereby granted"), "the licence goes with the code");
  }

  @Test
  void hostile_texts_stay_texts() throws IOException {
    SomeRun run = new SomeRun(folder.resolve("a<b onclick='x'>&c")).complete();
    run.append("adp", SomeRun.line("adp", 50, "\"loss/<img src=x>\": 1"));
    String html = Files.readString(RunReport.write(run.folder()));
    assertFalse(html.contains("<script>alert"), "a prompt cannot begin a script");
    assertFalse(html.contains("<img src=x>"), "a metric's name is no element");
    assertTrue(html.contains("<title>a&lt;b onclick=&#39;x&#39;&gt;&amp;c</title>"));
    JsonNode data = data(html);
    assertEquals(SomeRun.HOSTILE, data.at("/config/prompts/list/0").asText());
    assertEquals("a<b onclick='x'>&c", data.path("name").asText());
  }

  @Test
  void tells_stages_curves_pictures_and_scores() throws IOException {
    new SomeRun(folder).complete();
    JsonNode data = data(RunReport.html(folder));
    assertEquals(20, data.at("/lines/adm").size());
    assertEquals(0.5, data.at("/lines/adp/1/loss~1velocity").asDouble());
    assertNull(data.at("/lines/adp/1").get("time"));
    assertEquals(2, data.path("pictures").size());
    assertTrue(data.at("/pictures/1/path").asText().startsWith("data:image/png;base64,"));
    assertEquals(40, data.at("/pictures/1/iteration").asInt());
    assertTrue(data.path("comparison").asText().startsWith("data:image/png"));
    assertEquals(0.98, data.at("/evaluation/0/accuracy/colour/low").asDouble());
    assertEquals("[]", data.path("problems").toString());
    assertEquals("64 of 64: done", stage(data, 0));
    assertEquals("40 of 40: done", stage(data, 1));
    assertEquals(0.25, data.at("/stages/2/secondsEach").asDouble());
  }

  private static String stage(JsonNode data, int number) {
    JsonNode stage = data.path("stages").get(number);
    return "%s of %s: %s"
        .formatted(stage.get("done"), stage.get("total"), stage.get("state").asText());
  }

  @Test
  void tolerates_missing_and_broken_pieces() throws IOException {
    SomeRun run = new SomeRun(folder);
    assertFalse(RunFolder.isRun(folder));
    run.append("adm", SomeRun.line("adm", 10, "\"loss/student\": 1") + "{\"stage\": \"adm\", \"it");
    assertTrue(RunFolder.isRun(folder));
    run.write("config.conf", "adm { iterations");
    run.write("evaluation.json", "{\"model\": 1}");
    run.write("adm/samples/00000010.png", "no picture");
    run.write("comparison.png", "no picture");
    run.write("stages.json", "[1, 2");
    JsonNode data = data(RunReport.html(folder));
    assertEquals(1, data.at("/lines/adm").size());
    assertEquals(0, data.path("pictures").size());
    String problems = data.path("problems").toString();
    for (String broken :
        new String[] {"config.conf", "stages.json", "comparison.png", "adm/samples/00000010.png"}) {
      assertTrue(problems.contains(broken), problems);
    }
  }

  @Test
  void a_stage_cannot_name_another_folder() throws IOException {
    SomeRun other = new SomeRun(folder.resolve("other")).complete();
    SomeRun run = new SomeRun(folder.resolve("run"));
    run.write("config.conf", "{\"stages\": [\"../other/adm\", \"..\", \"adm\"]}");
    JsonNode data = data(RunReport.html(run.folder()));
    assertEquals(1, data.path("stages").size());
    assertEquals(0, data.path("metrics").size(), () -> other + " is not shown");
  }

  @Test
  void large_pictures_become_small_ones() throws IOException {
    BufferedImage noise = new BufferedImage(2000, 400, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(1);
    for (int i = 0; i < 2000 * 400; i++) {
      noise.setRGB(i % 2000, i / 2000, random.nextInt());
    }
    Path file = folder.resolve("noise.png");
    PngWriter.write(noise, file);
    assertTrue(Files.size(file) > InlinePicture.LARGEST);
    String uri = InlinePicture.uri(file);
    assertTrue(uri.startsWith("data:image/jpeg;base64,"));
    assertTrue(uri.length() < InlinePicture.LARGEST, () -> "" + uri.length());
  }

  @Test
  void long_lists_keep_their_ends() {
    var all = IntStream.range(0, 1001).boxed().toList();
    var kept = RunReport.spread(all, 11);
    assertEquals(IntStream.range(0, 11).map(i -> 100 * i).boxed().toList(), kept);
    assertEquals(all, RunReport.spread(all, 1001));
  }

  @Test
  void lines_come_whole_and_once() throws IOException {
    SomeRun run = new SomeRun(folder);
    run.append("adm", SomeRun.line("adm", 1, "\"x\": 1") + "{\"stage\": \"adm\",");
    Path file = new RunFolder(folder).metrics("adm");
    MetricsPiece first = MetricsPiece.read(file, "", 0);
    assertEquals(1, first.lines().size());
    assertTrue(first.restart());
    MetricsPiece nothing = MetricsPiece.read(file, first.file(), first.next());
    assertEquals(0, nothing.lines().size());
    assertFalse(nothing.restart());
    run.append("adm", " \"iteration\": 2}\n");
    MetricsPiece second = MetricsPiece.read(file, nothing.file(), nothing.next());
    assertEquals(2, second.lines().get(0).path("iteration").asInt());
    Path aside = folder.resolve("aside");
    Files.writeString(aside, Files.readString(file) + SomeRun.line("adm", 3, "\"x\": 2"));
    Files.move(aside, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    MetricsPiece again = MetricsPiece.read(file, second.file(), second.next());
    assertTrue(again.restart(), "a replaced file is read from its start");
    assertEquals(3, again.lines().size());
  }

  @Test
  void a_run_is_running_while_its_process_is() throws IOException {
    SomeRun run = new SomeRun(folder);
    String stages =
        "{\"process\": {\"id\": %d, \"started\": \"%s\", \"host\": \"%s\"}, \"stages\": [{\"name\": \"adm\", \"state\": \"running\"}]}";
    RunProcess self = RunProcess.current();
    run.write("stages.json", stages.formatted(self.id(), self.started(), self.host()));
    assertEquals("running", new RunFolder(folder).summary().path("state").asText());
    run.write("stages.json", stages.formatted(self.id(), "2001-01-01T00:00:00Z", self.host()));
    assertEquals("stopped", new RunFolder(folder).summary().path("state").asText());
    assertEquals("stopped", new RunFolder(folder).describe().at("/stages/0/state").asText());
  }
}
