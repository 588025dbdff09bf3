package dmdx.runner.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.typesafe.config.ConfigFactory;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginRegistryTests {
  @TempDir Path work;
  private Path plugins;

  @BeforeEach
  void makeFolder() throws IOException {
    plugins = Files.createDirectory(work.resolve("plugins"));
  }

  private PluginRegistry discover() {
    return PluginRegistry.discover(List.of(plugins));
  }

  private String onlyProblem(PluginRegistry registry) {
    assertEquals(1, registry.problems().size(), registry.problems()::toString);
    return registry.problems().get(0).replace(plugins + "/", "");
  }

  private static String message(Runnable lookup) {
    return assertThrows(PluginException.class, lookup::run).getMessage();
  }

  @Test
  void finds_bundled_plugins() {
    PluginRegistry registry = discover();
    assertEquals("noise", registry.parameterization("noise").name());
    assertTrue(
        registry.plugins().stream()
            .anyMatch(e -> e.source().equals("dmdx.api") && e.plugin().name().equals("flow")));
    assertEquals(List.of(), registry.problems());
  }

  @Test
  void loads_a_jar_and_a_folder_of_jars_into_layers_of_their_own() {
    PluginJar.loss(work, "acme.one", "one").write(plugins.resolve("one.jar"));
    PluginJar.loss(work, "acme.two", "two").write(plugins.resolve("two/two.jar"));
    PluginRegistry registry = discover();
    assertEquals(List.of(), registry.problems());
    ModuleLayer one = registry.adversarial("one").getClass().getModule().getLayer();
    ModuleLayer two = registry.adversarial("two").getClass().getModule().getLayer();
    assertNotNull(one);
    assertNotNull(two);
    assertTrue(!one.equals(two));
    assertSame(
        dmdx.api.AdversarialLoss.class, registry.adversarial("one").getClass().getInterfaces()[0]);
    assertEquals(
        List.of(plugins.resolve("one.jar").toString(), plugins.resolve("two").toString()),
        registry.plugins().stream().filter(e -> !e.bundled()).map(e -> e.source()).toList());
  }

  @Test
  void reads_defaults_from_the_plugins_own_jar() {
    PluginJar.loss(work, "acme.one", "one")
        .file("META-INF/dmdx/adversarial/one.conf", "slope = 0.2")
        .write(plugins.resolve("one.jar"));
    assertEquals(0.2, discover().adversarial("one").defaults().getDouble("slope"));
  }

  @Test
  void finds_providers_behind_a_static_method() {
    PluginJar.loss(work, "acme.one", "one")
        .source(
            "module-info.java",
            "module acme.one { requires dmdx.api; requires ai.djl.api;"
                + " provides dmdx.api.AdversarialLoss with acme.one.Maker; }")
        .source(
            "acme/one/Maker.java",
            "package acme.one; public final class Maker {"
                + " public static dmdx.api.AdversarialLoss provider() { return new One(); } }")
        .write(plugins.resolve("one.jar"));
    PluginRegistry registry = discover();
    assertEquals("one", registry.adversarial("one").name());
    assertEquals(List.of(), registry.problems());
  }

  @Test
  void skips_a_file_that_is_no_jar_and_loads_the_rest() throws IOException {
    Files.writeString(plugins.resolve("a.jar"), "not a zip file");
    Files.writeString(plugins.resolve("notes.txt"), "ignored");
    PluginJar.loss(work, "acme.one", "one").write(plugins.resolve("one.jar"));
    PluginRegistry registry = discover();
    assertEquals("one", registry.adversarial("one").name());
    assertTrue(onlyProblem(registry).startsWith("a.jar skipped: "), registry.problems()::toString);
  }

  @Test
  void skips_a_jar_whose_class_lacks_what_it_needs() {
    PluginJar.loss(work, "acme.one", "one")
        .source(
            "acme/one/Base.java",
            "package acme.one; class Base { static final Base B = new Base(); }")
        .source(
            "acme/one/One.java",
            """
            package acme.one;
            import ai.djl.ndarray.NDArray;
            import java.util.List;
            public final class One extends Base implements dmdx.api.AdversarialLoss {
              public String name() { return "one"; }
              public String description() { return "broken"; }
              public NDArray generator(List<NDArray> fake) { return fake.get(0); }
              public NDArray discriminator(List<NDArray> real, List<NDArray> fake) { return null; }
            }
            """)
        .without("acme/one/Base.class")
        .write(plugins.resolve("one.jar"));
    assertEquals(
        "one.jar skipped: ClassNotFoundException: acme.one.Base.", onlyProblem(discover()));
  }

  @Test
  void skips_a_plugin_whose_constructor_or_name_fails() {
    PluginJar.loss(work, "acme.one", "one")
        .source(
            "acme/one/One.java",
            """
            package acme.one;
            import ai.djl.ndarray.NDArray;
            import java.util.List;
            public final class One implements dmdx.api.AdversarialLoss {
              public One() { throw new IllegalStateException("no licence"); }
              public String name() { return "one"; }
              public String description() { return "broken"; }
              public NDArray generator(List<NDArray> fake) { return fake.get(0); }
              public NDArray discriminator(List<NDArray> real, List<NDArray> fake) { return null; }
            }
            """)
        .write(plugins.resolve("one.jar"));
    assertEquals(
        "one.jar skipped: acme.one.One: IllegalStateException: no licence.",
        onlyProblem(discover()));
  }

  @Test
  void skips_a_plugin_built_for_an_interface_that_has_changed() {
    PluginJar.loss(work, "acme.one", "one")
        .source(
            "acme/one/One.java",
            """
            package acme.one;
            public abstract class One implements dmdx.api.AdversarialLoss {
              public static One provider() { return null; }
            }
            """)
        .source(
            "module-info.java",
            "module acme.one { requires dmdx.api; requires ai.djl.api;"
                + " provides dmdx.api.AdversarialLoss with acme.one.One; }")
        .write(plugins.resolve("one.jar"));
    String problem = onlyProblem(discover());
    assertTrue(problem.startsWith("one.jar skipped: "), problem);
  }

  @Test
  void skips_a_jar_that_provides_nothing() {
    new PluginJar(work)
        .source("module-info.java", "module acme.none { exports acme.none; }")
        .source("acme/none/Empty.java", "package acme.none; public class Empty {}")
        .write(plugins.resolve("none.jar"));
    assertEquals(
        "none.jar skipped: no module in it provides a dmdx service. Expected 'provides' in"
            + " module-info.java, or META-INF/services.",
        onlyProblem(discover()));
  }

  @Test
  void skips_a_jar_that_needs_a_module_that_is_not_there() {
    Path helper = work.resolve("helper");
    new PluginJar(work)
        .source("module-info.java", "module acme.helper { exports acme.helper; }")
        .source("acme/helper/Help.java", "package acme.helper; public class Help {}")
        .write(helper.resolve("helper.jar"));
    PluginJar jar = PluginJar.loss(work, "acme.one", "one");
    jar.onModulePath(helper.resolve("helper.jar"))
        .source(
            "module-info.java",
            "module acme.one { requires dmdx.api; requires acme.helper;"
                + " provides dmdx.api.AdversarialLoss with acme.one.One; }")
        .write(plugins.resolve("one.jar"));
    assertEquals(
        "one.jar skipped: Module acme.helper not found, required by acme.one.",
        onlyProblem(discover()));
  }

  @Test
  void a_copy_of_a_bundled_plugin_is_reported_as_already_present() {
    PluginJar.loss(work, "dmdx.api", "copy")
        .source(
            "module-info.java",
            "module dmdx.api { requires ai.djl.api; provides dmdx.api.AdversarialLoss with"
                + " dmdx.api.Copy; }")
        .source(
            "dmdx/api/Copy.java",
            "package dmdx.api; public final class Copy extends AdversarialLoss {}")
        .source(
            "dmdx/api/AdversarialLoss.java", "package dmdx.api; public class AdversarialLoss {}")
        .write(plugins.resolve("api.jar"));
    PluginRegistry registry = discover();
    assertEquals(
        "api.jar ignored: module dmdx.api is already present in the application. Remove the jar.",
        onlyProblem(registry));
    assertEquals("noise", registry.parameterization("noise").name());
  }

  @Test
  void a_name_that_two_jars_claim_is_nobodys() {
    PluginJar.loss(work, "acme.one", "same").write(plugins.resolve("one.jar"));
    PluginJar.loss(work, "acme.two", "same").write(plugins.resolve("two.jar"));
    PluginRegistry registry = discover();
    String expected =
        "adversarial 'same' is claimed by one.jar and two.jar, and neither is used. Remove one of"
            + " them.";
    assertEquals(expected, onlyProblem(registry).replace(plugins + "/", ""));
    assertEquals(expected, message(() -> registry.adversarial("same")).replace(plugins + "/", ""));
    assertTrue(registry.plugins().stream().noneMatch(e -> e.plugin().name().equals("same")));
  }

  @Test
  void a_bundled_name_wins_over_a_jar_that_claims_it() {
    PluginJar.loss(work, "acme.noise", "noise")
        .source(
            "acme/noise/Noise.java",
            """
            package acme.noise;
            import ai.djl.ndarray.NDArray;
            import dmdx.api.NoiseSchedule;
            public final class Noise implements dmdx.api.Parameterization {
              public String name() { return "noise"; }
              public String description() { return "an impostor"; }
              public NDArray target(NDArray a, NDArray b, double[] t, NoiseSchedule s) { return a; }
              public NDArray x0(NDArray a, NDArray b, double[] t, NoiseSchedule s) { return a; }
              public NDArray eps(NDArray a, NDArray b, double[] t, NoiseSchedule s) { return a; }
            }
            """)
        .source(
            "module-info.java",
            "module acme.noise { requires dmdx.api; provides dmdx.api.Parameterization with"
                + " acme.noise.Noise; }")
        .write(plugins.resolve("noise.jar"));
    PluginRegistry registry = discover();
    assertEquals(
        "noise.jar ignored: parameterization 'noise' is already present (dmdx.api). Remove the jar.",
        onlyProblem(registry));
    assertEquals("dmdx.api", registry.parameterization("noise").getClass().getModule().getName());
  }

  @Test
  void names_what_there_is_where_a_plugin_is_missing() {
    assertEquals(
        "no parameterization plugin is named 'niose'. Did you mean 'noise'? Found: flow, noise,"
            + " velocity. Correct the name in the configuration, or add the plugin's jar to a"
            + " plugin folder.",
        message(() -> discover().parameterization("niose")));
  }

  @Test
  void names_the_class_that_cannot_be_initialised() {
    PluginJar.loss(work, "acme.one", "one")
        .source(
            "acme/one/Two.java",
            """
            package acme.one;
            import ai.djl.ndarray.NDArray;
            import java.util.List;
            public final class Two implements dmdx.api.AdversarialLoss {
              static final int N = Integer.parseInt("x");
              public String name() { return "two"; }
              public String description() { return "broken"; }
              public NDArray generator(List<NDArray> fake) { return fake.get(0); }
              public NDArray discriminator(List<NDArray> real, List<NDArray> fake) { return null; }
            }
            """)
        .source(
            "module-info.java",
            "module acme.one { requires dmdx.api; requires ai.djl.api;"
                + " provides dmdx.api.AdversarialLoss with acme.one.One, acme.one.Two; }")
        .write(plugins.resolve("one.jar"));
    assertEquals(
        "one.jar used in part: acme.one.Two: NumberFormatException: For input string: \"x\".",
        onlyProblem(discover()));
  }

  private static Settings settings(String text) {
    return Settings.of(ConfigFactory.parseString(text), Path.of(""));
  }

  private static List<String> problems(String text) {
    Settings s = settings(text);
    discoverBundled().choose(s, "loss", "parameterization");
    return assertThrows(SettingsException.class, s::finish).problems();
  }

  private static PluginRegistry discoverBundled() {
    return PluginRegistry.discover(List.of());
  }

  @Test
  void a_setting_that_names_no_plugin_is_one_problem() {
    assertEquals(
        List.of(
            "String: 'loss' is missing. Set it to the name of a parameterization plugin: flow,"
                + " noise, velocity."),
        problems(""));
    assertEquals(
        List.of(
            "String: 'loss' is 'niose': no parameterization plugin is named 'niose'. Did you"
                + " mean 'noise'? Found: flow, noise, velocity. Correct the name in the"
                + " configuration, or add the plugin's jar to a plugin folder."),
        problems("loss = niose, niose { x = 1 }, noise { y = 2 }"));
    Settings s = settings("loss = noise, flow { x = 1 }");
    assertEquals("noise", discoverBundled().choose(s, "loss", "parameterization").name());
    s.finish();
  }

  @Test
  void a_failure_in_a_plugins_code_names_the_plugin() {
    PluginJar.loss(work, "acme.one", "one").write(plugins.resolve("one.jar"));
    PluginRegistry registry = discover();
    RuntimeException failure =
        assertThrows(
            IndexOutOfBoundsException.class,
            () -> registry.adversarial("one").generator(List.of()));
    RuntimeException told = registry.blamed("stage adp", failure);
    assertEquals(PluginException.class, told.getClass());
    assertSame(failure, told.getCause());
    assertTrue(
        told.getMessage()
            .replace(plugins + "/", "")
            .startsWith("stage adp: adversarial 'one' (one.jar) failed at "),
        told.getMessage());
    assertTrue(told.getMessage().contains("acme.one.One.generator"), told.getMessage());
    RuntimeException ours = new IllegalStateException("ours");
    assertSame(ours, registry.blamed("stage adp", ours));
  }

  /** What a failure that a plugin's code throws is told as. */
  private RuntimeException told(String thrown) {
    PluginJar.loss(work, "acme.one", "one", "throw " + thrown + ";")
        .write(plugins.resolve("one.jar"));
    PluginRegistry registry = discover();
    RuntimeException failure =
        assertThrows(
            RuntimeException.class, () -> registry.adversarial("one").generator(List.of()));
    return registry.blamed("stage adp", failure);
  }

  @Test
  void what_a_plugin_says_of_its_arguments_is_not_its_fault() {
    String message = told("new IllegalArgumentException(\"no logits; give one map\")").getMessage();
    assertEquals(
        "stage adp: adversarial 'one' (one.jar): no logits; give one map",
        message.replace(plugins + "/", ""));
    String parsing = told("new NumberFormatException(\"x\")").getMessage();
    assertTrue(parsing.contains("The fault is the plugin's"), parsing);
  }

  @Test
  void what_the_engine_says_is_told_as_it_is() {
    RuntimeException told = told("new ai.djl.engine.EngineException(\"out of memory\")");
    assertEquals("out of memory", told.getMessage());
  }
}
