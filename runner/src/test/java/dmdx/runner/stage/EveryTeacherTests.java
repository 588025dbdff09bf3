package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Composed pipelines of every teacher, made of configuration alone. */
@Tag("e2e")
class EveryTeacherTests {
  private static final String SAM =
      "pixel-discriminator={plugin=sam, path=sam, heads=conv, sam {layers=[1, 2]},"
          + " conv {channels=8, groups=4, blocks=1}}";
  private static final String DINOV2 =
      "pixel-discriminator={plugin=dinov2, path=dinov2, heads=conv,"
          + " dinov2 {layers=[1, 2], image-size=16}, conv {channels=8, groups=4, blocks=1}}";

  @TempDir static Path folder;
  private static TinyRun tiny;

  @BeforeAll
  static void writesTeachers() throws IOException {
    tiny = TinyRun.create(folder);
    for (TinyTeacher teacher : TinyTeacher.values()) {
      teacher.write(folder);
    }
  }

  private static Path run(TinyTeacher teacher, String mode, String name, String... more) {
    List<String> all = new ArrayList<>(teacher.adm(name, "student.mode=" + mode));
    all.addAll(List.of(more));
    tiny.run(all);
    return tiny.runFolder(name).resolve("export");
  }

  private static void assertStudent(Path export, TinyTeacher teacher, String mode) {
    String component = teacher == TinyTeacher.SDXL ? "unet" : "transformer";
    Path weights =
        mode.equals("lora")
            ? export.resolve("pytorch_lora_weights.safetensors")
            : export.resolve(component).resolve("diffusion_pytorch_model.safetensors");
    assertTrue(Files.isRegularFile(weights), weights.toString());
    assertTrue(Files.isRegularFile(export.resolve("dmdx_student.json")));
  }

  @ParameterizedTest
  @CsvSource({
    "SDXL, full", "SDXL, lora",
    "SD3_MEDIUM, full", "SD3_MEDIUM, lora",
    "SD35_LARGE, full", "SD35_LARGE, lora",
    "SD35_MEDIUM, full", "SD35_MEDIUM, lora",
    "COGVIDEOX_2B, full", "COGVIDEOX_2B, lora",
    "COGVIDEOX_5B, full", "COGVIDEOX_5B, lora",
  })
  void adm_from_the_teacher(TinyTeacher teacher, String mode) {
    Path export = run(teacher, mode, "adm-" + teacher + mode, "student.steps=2");
    assertStudent(export, teacher, mode);
  }

  @ParameterizedTest
  @CsvSource({
    "SDXL, full, sam", "SDXL, lora, dinov2",
    "SD3_MEDIUM, full, dinov2", "SD3_MEDIUM, lora, sam",
    "SD35_LARGE, full, sam", "SD35_LARGE, lora, dinov2",
  })
  void adp_then_adm_with_either_pixel_discriminator(
      TinyTeacher teacher, String mode, String discriminator) {
    Path export =
        run(
            teacher,
            mode,
            "dmdx-" + teacher + mode,
            "stages=[collect,adp,adm]",
            "adm.start=adp",
            "pixel-discriminator=null",
            discriminator.equals("sam") ? SAM : DINOV2);
    assertStudent(export, teacher, mode);
  }

  @ParameterizedTest
  @CsvSource({"SD3_MEDIUM, lora", "SD35_LARGE, full", "COGVIDEOX_2B, full", "COGVIDEOX_5B, lora"})
  void adm_in_bf16(TinyTeacher teacher, String mode) {
    Path export = run(teacher, mode, "bf16-" + teacher + mode, "precision=bf16");
    assertStudent(export, teacher, mode);
  }
}
