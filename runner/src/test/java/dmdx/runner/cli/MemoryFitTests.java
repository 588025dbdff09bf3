package dmdx.runner.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dmdx.runner.stage.FittedSettings;
import dmdx.runner.stage.FreeDisk;
import dmdx.runner.stage.FreeSpace;
import dmdx.runner.stage.StageFiles;
import dmdx.runner.stage.StageMemory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MemoryFitTests {
  private static final long GIB = 1L << 30;
  private static final Config CONFIG =
      ConfigFactory.parseString(
          """
          adm { batch = 8, micro-batch = 4, fake { mode = full, offload = none }, student.offload = none }
          memory { recompute-activations = false, offload-frozen = false }
          precision = fp32
          student.mode = full
          """);

  /**
   * Eight GiB for each row of a micro-batch, a quarter if recomputed, half in bf16; two networks of
   * 3, adapters 1 together. Device, host and disk hold what lies there.
   */
  private static List<StageMemory> needs(Config config) {
    long activations = 8 * GIB * config.getInt("adm.micro-batch");
    if (config.getBoolean("memory.recompute-activations")) {
      activations /= 4;
    }
    if (config.getString("precision").equals("bf16")) {
      activations /= 2;
    }
    long role = config.getString("student.mode").equals("lora") ? GIB / 2 : 3 * GIB;
    Map<String, Long> roles = new HashMap<>();
    for (String name : List.of("adm.fake", "adm.student")) {
      roles.merge(config.getString(name + ".offload"), role, Long::sum);
    }
    long host = config.hasPath("gpu") ? GIB + roles.getOrDefault("host", 0L) : 0;
    return List.of(
        new StageMemory(
            "adm",
            0,
            roles.getOrDefault("none", 0L),
            0,
            0,
            activations,
            0,
            host,
            new StageFiles(roles.getOrDefault("disk", 0L), 2 * GIB, GIB)));
  }

  private static MemoryFit search(long memory) {
    return search(CONFIG, free(memory, memory, 0));
  }

  /** The run's folder has room, on another disk than scratch files. */
  private static FreeSpace free(long device, long host, long scratch) {
    return new FreeSpace(device, host, new FreeDisk(scratch, 3 * GIB, false));
  }

  private static MemoryFit search(Config config, FreeSpace free) {
    return MemoryFit.search(config, free, MemoryFitTests::needs, key -> true);
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
        search(2 * GIB).changes());
  }

  @Test
  void takes_back_what_a_later_change_made_unnecessary() {
    assertEquals(
        List.of("adm.micro-batch=1", "memory.recompute-activations=true", "student.mode=lora"),
        search(3 * GIB).changes());
  }

  @Test
  void keeps_roles_on_disk_before_it_makes_another_student() {
    MemoryFit fit = search(CONFIG, free(4 * GIB, 4 * GIB, 3 * GIB));
    assertEquals(
        List.of(
            "adm.micro-batch=1",
            "memory.recompute-activations=true",
            "precision=bf16",
            "adm.fake.offload=disk"),
        fit.changes());
  }

  @Test
  void leaves_a_disk_that_is_full_alone() {
    MemoryFit fit = search(CONFIG, free(4 * GIB, 4 * GIB, 3 * GIB - 1));
    assertTrue(fit.fits());
    assertFalse(String.join(" ", fit.changes()).contains("disk"), fit::toString);
    assertTrue(fit.changes().contains("student.mode=lora"), fit::toString);
  }

  @Test
  void moves_roles_from_a_gpu_to_its_host_and_on_to_disk() {
    Config gpu = ConfigFactory.parseString("gpu = true").withFallback(CONFIG);
    List<String> smallest =
        List.of("adm.micro-batch=1", "memory.recompute-activations=true", "precision=bf16");
    List<String> toHost = new ArrayList<>(smallest);
    toHost.add("adm.fake.offload=host");
    assertEquals(toHost, search(gpu, free(4 * GIB, 8 * GIB, 8 * GIB)).changes());
    List<String> toDisk = new ArrayList<>(smallest);
    toDisk.add("adm.fake.offload=disk");
    assertEquals(toDisk, search(gpu, free(4 * GIB, 2 * GIB, 8 * GIB)).changes());
  }

  @Test
  void leaves_settings_that_may_not_change() {
    MemoryFit fit =
        MemoryFit.search(
            CONFIG, free(GIB, GIB, 0), MemoryFitTests::needs, key -> key.startsWith("memory."));
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
    assertEquals(
        List.of(
            "run.conf: stage 'adm' needs about 38.0 GiB of memory, and 8.0 GiB are available. It"
                + " fits with -D adm.micro-batch=1 -D memory.recompute-activations=true, or run"
                + " with --auto-fit. With --no-memory-check it is run all the same."),
        search(8 * GIB).refusal("run.conf").problems());
  }

  @Test
  void refusal_says_so_if_nothing_helps() {
    MemoryFit fit = search(GIB);
    assertFalse(fit.fits());
    assertEquals(
        List.of(
            "run.conf: stage 'adm' needs about 38.0 GiB of memory, and 1.0 GiB are available. Even"
                + " with -D adm.micro-batch=1 -D memory.recompute-activations=true -D"
                + " precision=bf16 -D student.mode=lora -D adm.fake.mode=lora it needs 2.0 GiB of"
                + " memory. Use a machine with more memory, or smaller pictures. With"
                + " --no-memory-check it is run all the same."),
        fit.refusal("run.conf").problems());
  }

  @Test
  void refusal_for_want_of_disk_names_the_folder_setting() {
    Config onDisk =
        ConfigFactory.parseString("adm.fake.offload = disk").withFallback(CONFIG).resolve();
    MemoryFit fit = search(onDisk, free(38 * GIB, 38 * GIB, GIB));
    assertEquals(
        List.of(
            "run.conf: stage 'adm' needs about 3.0 GiB of disk for scratch files, and 1.0 GiB are"
                + " available. Set 'scratch' to a folder with more room, or 'offload' to none. With"
                + " --no-memory-check it is run all the same."),
        fit.refusal("run.conf").problems());
  }

  @Test
  void checkpoints_need_room_where_the_run_lies() {
    FreeDisk full = new FreeDisk(0, 3 * GIB - 1, false);
    MemoryFit fit = search(CONFIG, new FreeSpace(38 * GIB, 38 * GIB, full));
    assertFalse(fit.fits());
    assertEquals(
        List.of(
            "run.conf: stage 'adm' needs about 3.0 GiB of disk for checkpoints and results, and 3.0"
                + " GiB are available. Set 'runs' to a folder with more room, or keep fewer"
                + " checkpoints ('checkpoints-kept'). With --no-memory-check it is run all the"
                + " same."),
        fit.refusal("run.conf").problems());
  }

  @Test
  void roles_on_the_disk_of_the_run_leave_room_for_checkpoints() {
    FreeDisk one = new FreeDisk(6 * GIB, 6 * GIB, true);
    assertTrue(
        search(CONFIG, new FreeSpace(4 * GIB, 0, one)).changes().toString().contains("disk"));
    FreeDisk less = new FreeDisk(6 * GIB - 1, 6 * GIB - 1, true);
    MemoryFit fit = search(CONFIG, new FreeSpace(4 * GIB, 0, less));
    assertTrue(fit.fits());
    assertFalse(fit.changes().toString().contains("disk"), fit::toString);
  }

  @Test
  void memory_that_can_be_helped_does_not_hide_disk_that_cannot() {
    FreeDisk full = new FreeDisk(0, 3 * GIB - 1, false);
    MemoryFit fit = search(CONFIG, new FreeSpace(30 * GIB, 30 * GIB, full));
    assertEquals(
        List.of(
            "run.conf: stage 'adm' needs about 38.0 GiB of memory, and 30.0 GiB are available. Even"
                + " with -D adm.micro-batch=2 it needs 3.0 GiB of disk for checkpoints and results."
                + " Set 'runs' to a folder with more room, or keep fewer checkpoints"
                + " ('checkpoints-kept'). With --no-memory-check it is run all the same."),
        fit.refusal("run.conf").problems());
  }

  @Test
  void flags_may_be_spelt_as_words() {
    Config words =
        ConfigFactory.parseString("memory.recompute-activations = no").withFallback(CONFIG);
    assertEquals(search(10 * GIB).changes(), search(words, free(10 * GIB, 10 * GIB, 0)).changes());
    assertTrue(search(10 * GIB).changes().contains("memory.recompute-activations=true"));
  }

  @Test
  void what_stages_leave_adds_up() {
    List<StageMemory> stages = List.of(needs(CONFIG).get(0), needs(CONFIG).get(0));
    Config small = ConfigFactory.parseString("adm.micro-batch = 1").withFallback(CONFIG);
    FreeSpace enough = new FreeSpace(38 * GIB, 0, new FreeDisk(0, 5 * GIB, false));
    assertTrue(MemoryFit.search(small, enough, config -> stages, key -> true).fits());
    FreeSpace tooLittle = new FreeSpace(38 * GIB, 0, new FreeDisk(0, 5 * GIB - 1, false));
    assertFalse(MemoryFit.search(small, tooLittle, config -> stages, key -> true).fits());
  }
}
