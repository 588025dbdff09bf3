package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dmdx.runner.stage.TinyRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Commands on a {@link TinyRun}.
 *
 * @param folder where it is laid out
 */
record TinyCommand(Path folder) {

  /** Lays out a run and pre-trains its teacher. */
  static TinyCommand create(Path folder) throws IOException {
    TinyRun.create(folder).pretrain();
    return new TinyCommand(folder);
  }

  /** The settings of ADM alone, from the pre-trained teacher. */
  List<String> adm(String name, String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "name=" + name,
                "runs=" + folder.resolve("runs"),
                "stages=[adm]",
                "adm.start=teacher",
                "teacher.path=" + folder.resolve("trained")));
    all.addAll(List.of(more));
    return all;
  }

  /** What a command that must succeed writes. */
  String run(String command, List<String> settings, String... options) {
    List<String> arguments = new ArrayList<>(List.of(command, folder.resolve("run.conf") + ""));
    arguments.addAll(List.of(options));
    settings.forEach(setting -> arguments.addAll(List.of("-D", setting)));
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code =
        Main.run(new PrintWriter(out), new PrintWriter(err), arguments.toArray(String[]::new));
    assertEquals(Main.OK, code, err::toString);
    return out.toString();
  }

  /** The cells of a table's line. */
  static List<String> cells(String line) {
    return List.of(line.strip().split(" {2,}"));
  }
}
