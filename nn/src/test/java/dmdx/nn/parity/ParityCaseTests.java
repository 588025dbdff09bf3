package dmdx.nn.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Parameters;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A network of two scalars per row, whose gradients are known in closed form. */
class ParityCaseTests {
  /** x = (1, 2), s = 3, u = 5: first = s x, second = first^2, y = u second + first + x. */
  private static final float[] X = {1, 2};

  private static final float[] FIRST = {3, 6};
  private static final float[] SECOND = {9, 36};
  private static final float[] Y = {49, 188};

  /**
   * Loss weights (1, 10). dL/dsecond = u w; dL/dfirst = 2 u w first + w; dL/dx = s dL/dfirst + w.
   */
  private static final float[] W = {1, 10};

  private static final float[] TO_SECOND = {5, 50};
  private static final float[] TO_FIRST = {31, 610};
  private static final float[] TO_X = {94, 1840};
  private static final float TO_S = 31 + 2 * 610;
  private static final float TO_U = 9 + 360;

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();
  private final Map<String, NDArray> run = new LinkedHashMap<>();
  private String stem = "diffusion_pytorch_model";

  private static final class Small implements ReferenceNetwork {
    @Override
    public List<ParameterSpec> parameters() {
      return new Parameters()
          .add("s", new Initial.Zeros(), 1)
          .add("u", new Initial.Zeros(), 1)
          .add("unused", new Initial.Zeros(), 1)
          .list();
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray x = inputs.get("x");
      NDArray y =
          pass.block(
              "outer",
              (outer, in) -> {
                NDArray first =
                    outer.block(
                        "inner", (p, deeper) -> p.tap("first", deeper[0].mul(p.weight("s"))), in);
                NDArray second = outer.tap("second", first.mul(first));
                return second.mul(outer.weight("u")).add(first).add(in[0]);
              },
              x);
      return Map.of("y", y, "ids", inputs.get("ids").add(1));
    }

    @Override
    public boolean ignores(String tensorName) {
      return tensorName.equals("position_ids");
    }
  }

  @BeforeEach
  void fill() {
    run.put("in.x", manager.create(X));
    run.put("in.ids", manager.create(new long[] {4, 5}));
    run.put("out.y", manager.create(Y));
    run.put("out.ids", manager.create(new long[] {5, 6}));
    run.put("tap.second", manager.create(SECOND));
    run.put("tap.first#0", manager.create(FIRST));
    run.put("loss.w", manager.create(W));
    run.put("grad.in.x", manager.create(TO_X));
    run.put("grad.param.s", manager.create(new float[] {TO_S}));
    run.put("grad.param.u", manager.create(new float[] {TO_U}));
    run.put("grad.param.unused", manager.create(new float[] {0}));
    run.put("grad.tap.second", manager.create(TO_SECOND));
    run.put("grad.tap.first", manager.create(TO_FIRST));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private ParityReport check(String caseJson) {
    try {
      Path home = Files.createDirectories(folder.resolve("family/case"));
      Files.writeString(home.resolve("config.json"), "{}");
      if (!caseJson.isEmpty()) {
        Files.writeString(home.resolve("case.json"), caseJson);
      }
      Map<String, NDArray> weights =
          Map.of(
              "s", manager.create(new float[] {3}),
              "u", manager.create(new float[] {5}),
              "unused", manager.create(new float[] {1}),
              "position_ids", manager.create(new long[] {0}));
      SafetensorsWriter.write(home.resolve(stem + ".safetensors"), weights, Map.of(), DType.F32);
      SafetensorsWriter.write(home.resolve("io.safetensors"), run, Map.of(), DType.F32);
      List<ParityCase> cases = ParityCase.find(folder);
      assertEquals(1, cases.size());
      return cases.get(0).check(new Small(), manager);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static ParityReport.Row row(ParityReport report, String kind, String tensor) {
    return report.rows().stream()
        .filter(r -> r.kind().equals(kind) && r.tensor().equals(tensor))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void a_right_network_passes_without_an_index() {
    ParityReport report = check("");
    assertTrue(report.passed(), report.toString());
    assertEquals(13, report.rows().size(), report.toString());
    assertEquals("first#0", report.rows().get(0).tensor());
  }

  @Test
  void gradients_pass_with_and_without_cuts_at_hidden_states() {
    run.remove("grad.tap.first");
    run.remove("grad.tap.second");
    ParityReport report = check("");
    assertTrue(report.passed(), report.toString());
    assertEquals(11, report.rows().size());
  }

  @Test
  void the_index_says_which_output_the_loss_weighs() {
    run.put("loss.w.other", run.remove("loss.w"));
    ParityReport report =
        check("{\"io_files\":{\"io.safetensors\":{\"loss\":{\"y\":\"loss.w.other\"}}}}");
    assertTrue(report.passed(), report.toString());
  }

  @Test
  void an_index_that_names_absent_loss_weights_is_refused() {
    assertThrows(
        CheckpointException.class,
        () -> check("{\"io_files\":{\"io.safetensors\":{\"loss\":{\"y\":\"loss.v\"}}}}"));
  }

  @Test
  void encoders_have_their_own_tolerance() {
    run.put("out.y", manager.create(new float[] {49, 188 * (1 + 1.5e-5f)}));
    assertFalse(row(check(""), "out", "y").passed());
    stem = "model";
    try {
      Files.delete(folder.resolve("family/case/diffusion_pytorch_model.safetensors"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    assertTrue(row(check(""), "out", "y").passed());
  }

  @Test
  void each_wrong_value_fails_its_own_row() {
    for (String name : List.copyOf(run.keySet())) {
      if (name.startsWith("in.") || name.startsWith("loss.")) {
        continue;
      }
      NDArray right = run.get(name);
      run.put(name, name.equals("out.ids") ? right.add(1) : right.add(0.5f));
      ParityReport report = check("");
      assertEquals(1, report.failures().size(), name + ": " + report);
      ParityReport.Row failed = report.failures().get(0);
      assertEquals(name, failed.kind() + "." + failed.tensor());
      run.put(name, right);
    }
  }

  @Test
  void names_that_the_network_lacks_are_told() {
    run.put("tap.third", manager.create(1f));
    run.put("out.z", manager.create(1f));
    run.put("grad.param.v", manager.create(1f));
    run.put("grad.tap.fourth", manager.create(1f));
    List<ParityReport.Row> failures = check("").failures();
    assertEquals(4, failures.size());
    for (ParityReport.Row failure : failures) {
      assertEquals(Double.POSITIVE_INFINITY, failure.error());
      assertTrue(failure.remark().contains("'" + failure.tensor() + "'"), failure.remark());
    }
    assertTrue(failures.get(0).remark().contains("second"), failures.get(0).remark());
  }

  @Test
  void shapes_must_agree() {
    run.put("tap.second", manager.create(SECOND, new Shape(2, 1)));
    ParityReport.Row row = row(check(""), "tap", "second");
    assertEquals("shape is [2], expected [2, 1]", row.remark());
  }

  @Test
  void a_gradient_stored_as_noise_is_measured_against_its_kind() {
    run.put("grad.param.unused", manager.create(new float[] {1e-15f}));
    assertTrue(row(check(""), "grad.param", "unused").passed());
    run.put("grad.param.unused", manager.create(new float[] {1e-3f * TO_S}));
    assertFalse(row(check(""), "grad.param", "unused").passed());
  }

  @Test
  void values_that_are_no_numbers_fail() {
    run.put("in.x", manager.create(new float[] {1, Float.NaN}));
    ParityReport.Row row = row(check(""), "out", "y");
    assertEquals(Double.POSITIVE_INFINITY, row.error());
    assertTrue(row.remark().contains("NaN"), row.remark());
  }

  @Test
  void a_check_frees_its_memory() {
    check("");
    int before = manager.getManagedArrays().size();
    ParityCase.find(folder).get(0).check(new Small(), manager);
    assertEquals(before, manager.getManagedArrays().size());
  }

  @Test
  void the_index_is_handed_to_who_builds_the_network() {
    check("{\"rule\": \"offset\"}");
    List<String> rules = new ArrayList<>();
    ReferenceNetworkProvider provider =
        new ReferenceNetworkProvider() {
          @Override
          public boolean accepts(ModelConfig config) {
            return true;
          }

          @Override
          public ReferenceNetwork build(ModelConfig config) {
            return new Small();
          }

          @Override
          public ReferenceNetwork build(ModelConfig config, ModelConfig facts) {
            rules.add(facts.text("rule", "none"));
            return build(config);
          }
        };
    assertTrue(ParityCase.find(folder).get(0).check(provider, manager).passed());
    assertEquals(List.of("offset"), rules);
  }

  @Test
  void folders_that_lack_a_part_are_no_cases() throws IOException {
    Files.writeString(Files.createDirectory(folder.resolve("a")).resolve("config.json"), "{}");
    assertTrue(ParityCase.find(folder).isEmpty());
    assertThrows(CheckpointException.class, () -> ParityCase.find(folder.resolve("absent")));
  }

  @Test
  void adapters_without_their_base_are_an_error() throws IOException {
    Path home = Files.createDirectories(folder.resolve("lora/case"));
    Files.writeString(home.resolve("lora.json"), "{\"base\": \"family/absent\"}");
    assertTrue(ParityCase.find(folder).isEmpty(), "there is no run");
    SafetensorsWriter.write(home.resolve("io.safetensors"), run, Map.of(), DType.F32);
    CheckpointException e = assertThrows(CheckpointException.class, () -> ParityCase.find(folder));
    assertTrue(e.getMessage().contains("lora.json: the base is "), e.getMessage());
    assertTrue(e.getMessage().contains(folder.resolve("family/absent").toString()), e.getMessage());
  }

  @Test
  void an_empty_report_has_not_passed() {
    assertFalse(new ParityReport(folder, List.of()).passed());
  }
}
