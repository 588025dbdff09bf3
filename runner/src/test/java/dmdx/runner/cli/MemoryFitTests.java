package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.runner.stage.FittedSettings;
import dmdx.runner.stage.StageMemory;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryFitTests {
  private static final long GIB = 1L << 30;
  private static final Config CONFIG =
      ConfigFactory.parseString(
          """
          adm { batch = 8, micro-batch = 4, fake.mode = full }
          memory.recompute-activations = false
          precision = fp32
          student.mode = full
          """);

  /**
   * Eight GiB for each row of a micro-batch, a quarter if recomputed, half in bf16; 6 for roles.
   */
  private static List<StageMemory> needs(Config config) {
    long activations = 8 * GIB * config.getInt("adm.micro-batch");
    if (config.getBoolean("memory.recompute-activations")) {
      activations /= 4;
    }
    if (config.getString("precision").equals("bf16")) {
      activations /= 2;
    }
    long roles = config.getString("student.mode").equals("lora") ? GIB : 6 * GIB;
    return List.of(new StageMemory("adm", 0, roles, 0, 0, activations, 0, 0));
  }

  private static MemoryFit search(long available) {
    return MemoryFit.search(CONFIG, available, MemoryFitTests::needs, key -> true);
  }

  @Test
  void changes_nothing_where_all_fits() {
    assertEquals(List.of(), search(38 * GIB).changes());
  }

  @Test
  void takes_the_cheapest_changes_first() {
    assertEquals(List.of("adm.micro-batch=2"), search(30 * GIB).changes());
    assertEquals(List.of("adm.micro-batch=1"), search(14 * GIB).changes());
    assertEquals(
        List.of("adm.micro-batch=1", "memory.recompute-activations=true"),
        search(8 * GIB).changes());
    assertEquals(
        List.of("adm.micro-batch=1", "memory.recompute-activations=true", "precision=bf16"),
        search(7 * GIB).changes());
    assertEquals(
        List.of(
            "adm.micro-batch=1",
            "memory.recompute-activations=true",
            "precision=bf16",
            "student.mode=lora"),
        search(3 * GIB).changes());
  }

  @Test
  void leaves_settings_that_may_not_change() {
    MemoryFit fit =
        MemoryFit.search(CONFIG, GIB, MemoryFitTests::needs, key -> key.startsWith("memory."));
    assertEquals(List.of("memory.recompute-activations=true"), fit.changes());
    assertFalse(fit.fits());
  }

  @Test
  void applies_what_it_found() {
    Config fitting = FittedSettings.with(CONFIG, search(8 * GIB).changes());
    assertEquals(1, fitting.getInt("adm.micro-batch"));
    assertTrue(fitting.getBoolean("memory.recompute-activations"));
  }

  @Test
  void refusal_names_what_would_help() {
    MemoryFit fit = search(8 * GIB);
    assertEquals(
        List.of(
            "run.conf: stage 'adm' needs about 38.0 GiB of memory, and 8.0 GiB are available. It"
                + " fits with -D adm.micro-batch=1 -D memory.recompute-activations=true, or run"
                + " with --auto-fit. With --no-memory-check it is run all the same."),
        fit.refusal("run.conf", needs(CONFIG), 8 * GIB).problems());
  }

  @Test
  void refusal_says_so_if_nothing_helps() {
    MemoryFit fit = search(GIB);
    assertFalse(fit.fits());
    assertEquals(
        List.of(
            "run.conf: stage 'adm' needs about 38.0 GiB of memory, and 1.0 GiB are available. Even"
                + " with -D adm.micro-batch=1 -D memory.recompute-activations=true -D"
                + " precision=bf16 -D student.mode=lora -D adm.fake.mode=lora it needs 2.0 GiB. Use"
                + " a machine with more memory, or smaller pictures. With --no-memory-check it is"
                + " run all the same."),
        fit.refusal("run.conf", needs(CONFIG), GIB).problems());
  }
}
