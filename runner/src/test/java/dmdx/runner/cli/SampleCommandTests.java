package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.stage.TinyRun;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("e2e")
class SampleCommandTests {
  @TempDir static Path folder;
  private final StringWriter err = new StringWriter();

  @BeforeAll
  static void distils() throws IOException {
    TinyRun.create(folder).pretrain();
    distil("full");
    distil("adapters", "-D", "student.mode=lora", "-D", "student.lora={rank=2}");
  }

  private static void distil(String name, String... more) {
    StringWriter problems = new StringWriter();
    String[] always = {
      "run",
      folder.resolve("run.conf").toString(),
      "-D",
      "name=" + name,
      "-D",
      "runs=" + folder.resolve("runs"),
      "-D",
      "stages=[adm]",
      "-D",
      "adm.start=teacher",
      "-D",
      "student.ema=0",
      "-D",
      "teacher.path=" + folder.resolve("trained")
    };
    assertEquals(
        Main.OK,
        Main.run(
            new PrintWriter(new StringWriter()), new PrintWriter(problems), join(always, more)),
        problems::toString);
  }

  private static String[] join(String[] first, String... second) {
    String[] all = java.util.Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }

  private static Path export(String run) {
    return folder.resolve("runs").resolve(run).resolve("export");
  }

  private int sample(Path pipeline, Path out, String... more) {
    String[] always = {
      "sample", pipeline.toString(), "--prompt", "a red square", "--out", out.toString()
    };
    return Main.run(new PrintWriter(new StringWriter()), new PrintWriter(err), join(always, more));
  }

  private BufferedImage drawn(String name, Path pipeline, String... more) throws IOException {
    Path out = folder.resolve(name + ".png");
    assertEquals(Main.OK, sample(pipeline, out, more), err::toString);
    return ImageIO.read(out.toFile());
  }

  private static void assertSame(BufferedImage expected, BufferedImage actual) {
    assertEquals(expected.getWidth(), actual.getWidth());
    assertEquals(expected.getHeight(), actual.getHeight());
  }

  @Test
  void a_student_is_drawn_as_it_was_distilled() throws IOException {
    BufferedImage told =
        drawn("told", export("full"), "--teacher", "sdxl", "--size", "16", "--frames", "1");
    assertSame(told, drawn("untold", export("full")));
    BufferedImage wide = drawn("wide", export("full"), "--size", "16x32");
    assertTrue(wide.getWidth() > wide.getHeight() && told.getWidth() <= wide.getWidth());
  }

  @Test
  void adapters_and_pretrained_teachers_know_their_size_too() throws IOException {
    Path trained = folder.resolve("trained");
    BufferedImage told = drawn("teacher", trained, "--size", "16", "--steps", "2");
    assertSame(told, drawn("own", trained, "--steps", "2"));
    BufferedImage adapted = drawn("adapted", trained, "--lora", export("adapters").toString());
    assertSame(told, adapted);
  }

  @Test
  void the_teacher_is_the_one_recorded() throws IOException {
    Path other = copy("other");
    Path file = other.resolve("dmdx_student.json");
    ObjectMapper json = new ObjectMapper();
    ObjectNode sampling = (ObjectNode) json.readTree(file.toFile());
    ((ObjectNode) sampling.get("origin")).put("teacher", "unheard-of");
    json.writeValue(file.toFile(), sampling);
    assertEquals(Main.USER_ERROR, sample(other, folder.resolve("no.png")));
    assertTrue(err.toString().contains("unheard-of"), err::toString);
    assertEquals(
        Main.OK, sample(other, folder.resolve("yes.png"), "--teacher", "sdxl"), err::toString);
  }

  @Test
  void a_guessed_teacher_that_cannot_read_the_folder_is_named() throws IOException {
    Path bare = Files.createDirectories(folder.resolve("bare"));
    assertEquals(Main.USER_ERROR, sample(bare, folder.resolve("no.png")));
    assertTrue(
        err.toString().contains("'sdxl' was tried. --teacher NAME chooses another."),
        err::toString);
    err.getBuffer().setLength(0);
    assertEquals(Main.USER_ERROR, sample(bare, folder.resolve("no.png"), "--teacher", "sdxl"));
    assertTrue(!err.toString().contains("was tried"), err::toString);
  }

  private static Path copy(String name) throws IOException {
    Path target = folder.resolve(name);
    Folders.delete(target);
    try (var files = Files.walk(export("full"))) {
      for (Path file : files.toList()) {
        Files.copy(file, target.resolve(export("full").relativize(file).toString()));
      }
    }
    return target;
  }
}
