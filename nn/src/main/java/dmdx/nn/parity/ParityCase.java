package dmdx.nn.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dmdx.api.CheckpointException;
import dmdx.api.Precision;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ComputeWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder with a network's configuration, weights and stored reference values.
 *
 * <pre>
 * config.json                            configuration as the reference library saves it
 * diffusion_pytorch_model.safetensors    all weights; model.safetensors for encoders
 * io*.safetensors                        one run each
 * case.json                              optional index of the runs
 * </pre>
 *
 * A case of adapters has {@code lora.json} and the adapters' file instead of configuration and
 * weights; see {@link LoraCase}.
 *
 * <p>Tensors of a run: {@code in.<argument>}; {@code out.<name>}; {@code loss.w} or {@code
 * loss.w.<output>}, weights of the loss {@code L = sum over outputs of sum(out w)}; {@code
 * grad.in.<argument>}, {@code grad.param.<weight>} and {@code grad.tap.<module path>}, gradients of
 * L; {@code tap.<module path>}, hidden states, with {@code #k} for the k-th call of a module that
 * is called more than once.
 *
 * <p>In {@code case.json}, {@code io_files.<file>.loss} maps outputs to their weight tensors; it is
 * inferred from the names where it is missing.
 *
 * <p>Tolerances: hidden states and outputs 1e-5, or 2e-5 for encoders; gradients and the sinusoids
 * of timesteps ({@code …time_proj}) 1e-4. Integers must be equal. Rows {@code tape} compare nothing
 * stored: they hold gradients of a {@link dmdx.nn.weights.Tape} against those of autograd, 1e-6.
 */
public final class ParityCase {
  private static final String DIFFUSION_STEM = "diffusion_pytorch_model";
  private static final String ENCODER_STEM = "model";
  private static final double DIFFUSION_TOLERANCE = 1e-5;
  private static final double ENCODER_TOLERANCE = 2e-5;
  private static final double GRADIENT_TOLERANCE = 1e-4;
  private static final double ROUNDED_TOLERANCE = 5e-2;
  private static final double ROUNDED_ENCODER_TOLERANCE = 1e-1;
  private static final double DIRECTION_TOLERANCE = 2e-2;

  /** Sines of up to a thousand radians, where the last bit of a frequency is 6e-5. */
  private static final String SINUSOID = "time_proj";

  private static final double SINUSOID_TOLERANCE = 1e-4;

  private final Path folder;
  private final String stem;
  private final ModelConfig config;
  private final ModelConfig facts;
  private final @Nullable LoraCase lora;

  private ParityCase(
      Path folder, String stem, ModelConfig config, ModelConfig facts, @Nullable LoraCase lora) {
    this.folder = folder;
    this.stem = stem;
    this.config = config;
    this.facts = facts;
    this.lora = lora;
  }

  /**
   * All network cases in or below a folder, in name order. Folders without {@code config.json},
   * weights file and at least one {@code io*.safetensors} are no network cases and passed over.
   *
   * @throws CheckpointException if a file of a case is broken, or a case of adapters names a base
   *     that is not there
   */
  public static List<ParityCase> find(Path folder) {
    try (Stream<Path> paths = Files.walk(folder)) {
      List<ParityCase> cases = new ArrayList<>();
      for (Path candidate : paths.filter(Files::isDirectory).sorted().toList()) {
        if (runs(candidate).isEmpty()) {
          continue;
        }
        LoraCase lora = LoraCase.in(candidate);
        Path network = lora == null ? candidate : lora.base();
        String stem = stem(network);
        Path config = network.resolve("config.json");
        if (stem != null && Files.isRegularFile(config)) {
          ModelConfig facts = facts(candidate);
          cases.add(new ParityCase(candidate, stem, ModelConfig.read(config), facts, lora));
        } else if (lora != null) {
          throw lora.withoutBase();
        }
      }
      return cases;
    } catch (IOException | UncheckedIOException e) {
      throw new CheckpointException(
          "%s: cannot be searched for cases (%s)".formatted(folder, e.getMessage()), e);
    }
  }

  private static ModelConfig facts(Path folder) {
    Path index = folder.resolve("case.json");
    return Files.isRegularFile(index)
        ? ModelConfig.read(index)
        : ModelConfig.of(JsonNodeFactory.instance.objectNode(), index);
  }

  private static @Nullable String stem(Path folder) {
    for (String stem : List.of(DIFFUSION_STEM, ENCODER_STEM)) {
      if (Files.isRegularFile(folder.resolve(stem + ".safetensors"))) {
        return stem;
      }
    }
    return null;
  }

  private static List<Path> runs(Path folder) {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths
          .filter(path -> path.getFileName().toString().matches("io(_.*)?\\.safetensors"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path folder() {
    return folder;
  }

  public ModelConfig config() {
    return config;
  }

  /** The index {@code case.json}; empty if the case has none. */
  public ModelConfig facts() {
    return facts;
  }

  /**
   * Builds the case's network and checks it.
   *
   * @param provider one that accepts {@link #config}
   * @see #check(ReferenceNetwork, NDManager)
   */
  public ParityReport check(ReferenceNetworkProvider provider, NDManager manager) {
    return check(provider, Precision.FP32, manager);
  }

  /**
   * Builds the case's network and checks it in a precision.
   *
   * @param provider one that accepts {@link #config}
   * @see #check(ReferenceNetwork, Precision, NDManager)
   */
  public ParityReport check(
      ReferenceNetworkProvider provider, Precision precision, NDManager manager) {
    return check(provider.build(config, facts), precision, manager);
  }

  /**
   * Runs the network on every stored run and compares.
   *
   * @param network built from {@link #config}
   * @param manager parent of the memory used; its device runs the network
   * @throws CheckpointException if weights and network do not fit or a file is damaged
   */
  public ParityReport check(ReferenceNetwork network, NDManager manager) {
    return check(network, Precision.FP32, manager);
  }

  /**
   * The same in a precision: the network computes in it, over the float32 weights of the case.
   * Below float32 hidden states and outputs may be off by 5e-2, or 1e-1 for encoders, and gradients
   * are compared by their direction: the error is {@code 1 - cos(a, b)}, at most 2e-2.
   *
   * @see #check(ReferenceNetwork, NDManager)
   */
  public ParityReport check(ReferenceNetwork network, Precision precision, NDManager manager) {
    Path home = lora == null ? folder : lora.base();
    try (NDManager memory = manager.newSubManager();
        CheckpointWeights weights =
            CheckpointWeights.open(
                home, stem, null, network, network.aliases(), network::ignores, memory)) {
      Subject subject =
          lora == null ? new Subject.Plain(weights) : lora.read(network, weights, memory);
      double tolerance = stem.equals(ENCODER_STEM) ? ENCODER_TOLERANCE : DIFFUSION_TOLERANCE;
      Measure measure =
          precision == Precision.FP32
              ? Measure.exact(tolerance)
              : Measure.rounded(precision, stem.equals(ENCODER_STEM));
      return check(facts, network, subject, measure, memory);
    }
  }

  /**
   * Runs an encoder whose case has no {@code config.json} on the stored runs next to its index and
   * compares.
   *
   * @param facts the index {@code case.json}
   * @param weights those of the network; the caller closes them
   * @param manager parent of the memory used; its device runs the network
   */
  public static ParityReport check(
      ModelConfig facts, ReferenceNetwork network, Weights weights, NDManager manager) {
    Measure measure = Measure.exact(ENCODER_TOLERANCE);
    return check(facts, network, new Subject.Plain(weights), measure, manager);
  }

  private static ParityReport check(
      ModelConfig facts,
      ReferenceNetwork network,
      Subject subject,
      Measure measure,
      NDManager manager) {
    Path folder = facts.path().resolveSibling("");
    JsonNode runs = facts.json().path("io_files");
    List<ParityReport.Row> rows = new ArrayList<>();
    for (Path file : runs(folder)) {
      JsonNode loss = runs.path(file.getFileName().toString()).path("loss");
      rows.addAll(check(file, loss, network, subject, measure, manager));
      rows.addAll(Recomputed.compare(file, network, subject, manager));
    }
    return new ParityReport(folder, rows);
  }

  private static List<ParityReport.Row> check(
      Path path,
      JsonNode loss,
      ReferenceNetwork network,
      Subject subject,
      Measure measure,
      NDManager manager) {
    try (SafetensorsFile file = SafetensorsFile.open(path);
        NDManager memory = manager.newSubManager();
        Scope scope = new Scope();
        Autograd.Mode recording = Autograd.recording()) {
      Stored stored = Stored.read(file, memory);
      Map<String, NDArray> inputs = new LinkedHashMap<>(stored.of("in"));
      stored
          .of("grad.in")
          .keySet()
          .forEach(name -> inputs.computeIfPresent(name, ParityCase::leaf));
      LeafWeights leaves = new LeafWeights(subject.trained(), stored.of("grad.param").keySet());
      Set<String> taps = new LinkedHashSet<>(stored.of("tap").keySet());
      taps.addAll(stored.of("grad.tap").keySet());
      TapPass pass =
          new TapPass(
              ForwardPass.recording(
                  measure.computing(subject.effective(leaves), memory), memory, taps),
              stored.of("grad.tap").keySet());

      Map<String, NDArray> outputs = new LinkedHashMap<>(network.run(pass, inputs));
      subject
          .variants(stored.of("out").keySet())
          .forEach(
              (ending, weights) -> {
                try (Autograd.Mode off = Autograd.paused()) {
                  network
                      .run(ForwardPass.of(measure.computing(weights, memory), memory), inputs)
                      .forEach((name, value) -> outputs.put(name + ending, value));
                }
              });

      Rows rows = new Rows(path.getFileName().toString(), stored, measure);
      for (String name : inOrder(pass.offered(), stored.of("tap").keySet())) {
        double limit = name.endsWith(SINUSOID) ? SINUSOID_TOLERANCE : measure.tolerance();
        rows.compare("tap", name, pass.states().get(name), limit, pass.offered());
      }
      for (String name : stored.of("out").keySet()) {
        rows.compare("out", name, outputs.get(name), measure.tolerance(), outputs.keySet());
      }
      NDArray total = loss(path, lossTerms(path, loss, stored), stored, outputs);
      if (total == null) {
        return rows.list();
      }
      pass.backward(total);
      for (String name : stored.of("grad.in").keySet()) {
        NDArray input = inputs.get(name);
        rows.gradient("grad.in", name, input, gradient(input), inputs.keySet());
      }
      for (String name : stored.of("grad.param").keySet()) {
        NDArray leaf = leaves.leaf(name);
        rows.gradient("grad.param", name, leaf, gradient(leaf), leaves.names());
      }
      for (String name : stored.of("grad.tap").keySet()) {
        NDArray state = pass.states().get(name);
        rows.gradient("grad.tap", name, state, pass.gradient(name), pass.offered());
      }
      return rows.list();
    }
  }

  static NDArray leaf(String name, NDArray input) {
    return Comparison.isFloat(input.getDataType()) ? Autograd.leaf(input) : input;
  }

  private static @Nullable NDArray gradient(@Nullable NDArray leaf) {
    return leaf == null || !leaf.hasGradient() ? null : Autograd.gradient(leaf);
  }

  /** The stored names, those the network offered first and in its order. */
  private static Set<String> inOrder(Set<String> offered, Set<String> stored) {
    Set<String> ordered = new LinkedHashSet<>(offered);
    ordered.retainAll(stored);
    ordered.addAll(stored);
    return ordered;
  }

  /** Which weight tensor ({@code loss.} + value) belongs to which output. */
  private static Map<String, String> lossTerms(Path path, JsonNode index, Stored stored) {
    Map<String, String> terms = new LinkedHashMap<>();
    if (index.isObject()) {
      index
          .properties()
          .forEach(e -> terms.put(e.getKey(), e.getValue().asText().replaceFirst("^loss\\.", "")));
      return terms;
    }
    for (String weight : stored.of("loss").keySet()) {
      if (weight.startsWith("w.")) {
        terms.put(weight.substring(2), weight);
      } else if (weight.equals("w")) {
        terms.put(onlyOutputLike(path, stored), weight);
      }
    }
    return terms;
  }

  private static String onlyOutputLike(Path path, Stored stored) {
    NDArray weight = stored.of("loss").get("w");
    List<String> outputs =
        stored.of("out").entrySet().stream()
            .filter(e -> Comparison.isFloat(e.getValue().getDataType()))
            .filter(e -> weight != null && e.getValue().getShape().equals(weight.getShape()))
            .map(Map.Entry::getKey)
            .toList();
    if (outputs.size() != 1) {
      throw new CheckpointException(
          "%s: 'loss.w' fits the outputs %s, expected exactly one. Name the output in case.json,"
                  .formatted(path, outputs)
              + " under io_files and loss.");
    }
    return outputs.get(0);
  }

  /**
   * {@code sum(out w)} over the terms; {@code null} if the file has no loss or the network returns
   * an output of another shape or none, which its own row tells.
   */
  private static @Nullable NDArray loss(
      Path path, Map<String, String> terms, Stored stored, Map<String, NDArray> outputs) {
    NDArray total = null;
    for (Map.Entry<String, String> term : terms.entrySet()) {
      NDArray weight = stored.of("loss").get(term.getValue());
      if (weight == null) {
        throw new CheckpointException(
            "%s: there is no 'loss.%s', the loss weights of output '%s' according to case.json"
                .formatted(path, term.getValue(), term.getKey()));
      }
      NDArray output = outputs.get(term.getKey());
      if (output == null || !output.getShape().equals(weight.getShape())) {
        return null;
      }
      NDArray part = output.mul(weight).sum();
      total = total == null ? part : total.add(part);
    }
    return total;
  }

  /** The tensors of a run by kind and name. */
  record Stored(Map<String, Map<String, NDArray>> byKind) {
    private static final List<String> KINDS =
        List.of("in", "out", "tap", "loss", "grad.in", "grad.param", "grad.tap");

    static Stored read(SafetensorsFile file, NDManager memory) {
      Map<String, Map<String, NDArray>> byKind = new LinkedHashMap<>();
      KINDS.forEach(kind -> byKind.put(kind, new LinkedHashMap<>()));
      for (String tensor : file.entries().keySet()) {
        byKind.forEach(
            (kind, tensors) -> {
              if (tensor.startsWith(kind + ".")) {
                tensors.put(tensor.substring(kind.length() + 1), file.read(tensor, memory));
              }
            });
      }
      return new Stored(byKind);
    }

    Map<String, NDArray> of(String kind) {
      return byKind.getOrDefault(kind, Map.of());
    }

    double largest(String kind) {
      return of(kind).values().stream().mapToDouble(Comparison::magnitude).max().orElse(0);
    }
  }

  /**
   * How closely a precision is held to the reference.
   *
   * @param tolerance of hidden states and outputs
   * @param gradientTolerance of gradients
   * @param byDirection whether gradients are compared by direction
   */
  private record Measure(
      Precision precision, double tolerance, double gradientTolerance, boolean byDirection) {

    static Measure exact(double tolerance) {
      return new Measure(Precision.FP32, tolerance, GRADIENT_TOLERANCE, false);
    }

    static Measure rounded(Precision precision, boolean encoder) {
      double tolerance = encoder ? ROUNDED_ENCODER_TOLERANCE : ROUNDED_TOLERANCE;
      return new Measure(precision, tolerance, DIRECTION_TOLERANCE, true);
    }

    Weights computing(Weights weights, NDManager memory) {
      return ComputeWeights.of(weights, precision, memory);
    }
  }

  /** Collects the rows of one run. */
  private record Rows(String file, Stored stored, Measure measure, List<ParityReport.Row> list) {
    private static final int SHOWN = 12;

    Rows(String file, Stored stored, Measure measure) {
      this(file, stored, measure, new ArrayList<>());
    }

    void compare(
        String kind, String name, @Nullable NDArray actual, double tolerance, Set<String> offered) {
      if (actual == null) {
        missing(kind, name, tolerance, offered);
      } else {
        add(kind, name, actual, tolerance, false);
      }
    }

    /** A gradient is absent, hence zero, only if there is something it could belong to. */
    void gradient(
        String kind,
        String name,
        @Nullable NDArray subject,
        @Nullable NDArray gradient,
        Set<String> offered) {
      if (subject == null) {
        missing(kind, name, measure.gradientTolerance(), offered);
      } else {
        add(kind, name, gradient, measure.gradientTolerance(), measure.byDirection());
      }
    }

    private void missing(String kind, String name, double tolerance, Set<String> offered) {
      String some = offered.stream().limit(SHOWN).toList().toString();
      String remark =
          "the network has no '%s'; it has %d: %s%s"
              .formatted(name, offered.size(), some, offered.size() > SHOWN ? " and more" : "");
      list.add(new ParityReport.Row(file, kind, name, Double.POSITIVE_INFINITY, tolerance, remark));
    }

    private void add(
        String kind, String name, @Nullable NDArray actual, double tolerance, boolean direction) {
      NDArray expected = java.util.Objects.requireNonNull(stored.of(kind).get(name), name);
      double largest = stored.largest(kind);
      Comparison comparison =
          direction
              ? Comparison.ofDirections(actual, expected, largest)
              : Comparison.of(actual, expected, largest);
      list.add(
          new ParityReport.Row(
              file, kind, name, comparison.error(), tolerance, comparison.remark()));
    }
  }
}
