package dmdx.runner.cli;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import dmdx.api.Precision;
import dmdx.nn.parity.ParityItem;
import dmdx.nn.parity.ParityReport;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.Table;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dmdx parity}. */
@Command(
    name = "parity",
    description = {
      "Compares networks, noise schedules, tokenizers and preprocessors with the values that their"
          + " reference implementation stored.",
      "",
      "A network's case folder holds config.json, weights and io*.safetensors, any other case a"
          + " JSON file that says what it is. Exits with 1 if a value is beyond its tolerance, if a"
          + " folder holds no case, or if no plugin knows one."
    })
final class ParityCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Supplier<PluginRegistry> plugins;
  private final BooleanSupplier verbose;
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", arity = "1..*", description = "Case folders, or folders of them.")
  private List<Path> folders = List.of();

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      description = "What networks compute in: fp32, bf16 or fp16. Default: ${DEFAULT-VALUE}.")
  private String precision = "fp32";

  @Mixin private final DeviceOption deviceOption = new DeviceOption();

  @Option(names = "--json", description = "Print one JSON document instead of tables.")
  private boolean json;

  @Option(
      names = "--skip-unknown",
      description = "Pass over cases that no plugin knows; they are still listed.")
  private boolean skipUnknown;

  /**
   * What came of one case. {@code problem} is empty if it could be compared. {@code skipped} if
   * nobody knows it and nobody minds.
   */
  private record Outcome(Path path, List<ParityReport.Row> rows, String problem, boolean skipped) {
    boolean passed() {
      return problem.isEmpty()
          && !rows.isEmpty()
          && rows.stream().allMatch(ParityReport.Row::passed);
    }
  }

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  ParityCommand(Supplier<PluginRegistry> plugins, BooleanSupplier verbose) {
    this.plugins = plugins;
    this.verbose = verbose;
  }

  @Override
  public Integer call() throws JsonProcessingException {
    PrintWriter out = spec.commandLine().getOut();
    if (!Precision.names().contains(precision)) {
      throw new ParameterException(
          spec.commandLine(),
          "--precision is %s, not %s".formatted(String.join(", ", Precision.names()), precision));
    }
    Device device = deviceOption.required();
    List<Outcome> outcomes = new ArrayList<>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw new CheckpointException(folder + ": no such folder. Give a folder with cases.");
      }
      List<ParityItem> items =
          ParityItem.find(
              folder,
              Precision.of(precision),
              plugins.get().referenceNetworks(),
              plugins.get().referenceChecks());
      if (items.isEmpty()) {
        String problem =
            "no case in it. Expected config.json, weights and io*.safetensors, or a case's JSON"
                + " file.";
        shown(out, outcomes, new Outcome(folder, List.of(), problem, false));
      }
      for (ParityItem item : items) {
        shown(out, outcomes, check(item, device));
      }
    }
    long skipped = outcomes.stream().filter(Outcome::skipped).count();
    long compared = outcomes.size() - skipped;
    long passed = outcomes.stream().filter(Outcome::passed).count();
    if (json) {
      out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(document(outcomes)));
    } else {
      out.printf(
          Locale.ROOT,
          "%d of %d cases passed%s%n",
          passed,
          compared,
          skipped == 0 ? "" : ", %d unknown skipped".formatted(skipped));
    }
    return passed == compared ? Main.OK : Main.CHECK_FAILED;
  }

  private Outcome check(ParityItem item, Device device) {
    Function<NDManager, ParityReport> comparison = item.comparison();
    if (comparison == null) {
      return new Outcome(item.path(), List.of(), item.problem(), skipUnknown);
    }
    try (NDManager manager = NDManager.newBaseManager(device)) {
      List<ParityReport.Row> rows = comparison.apply(manager).rows();
      String problem = rows.isEmpty() ? "its files hold nothing to compare." : "";
      return new Outcome(item.path(), rows, problem, false);
    } catch (CheckpointException | IllegalArgumentException e) {
      return new Outcome(item.path(), List.of(), String.valueOf(e.getMessage()), false);
    }
  }

  private void shown(PrintWriter out, List<Outcome> outcomes, Outcome outcome) {
    outcomes.add(outcome);
    if (json) {
      return;
    }
    String verdict = outcome.passed() ? "passed" : outcome.skipped() ? "skipped, " : "FAILED ";
    out.println(outcome.path() + ": " + verdict + outcome.problem());
    if (!outcome.rows().isEmpty()) {
      out.println(
          (verbose.getAsBoolean() ? everything(outcome) : summary(outcome)).toString().indent(2));
      outcome.rows().stream()
          .filter(row -> !row.passed())
          .max(Comparator.comparingDouble(row -> row.error() / row.tolerance()))
          .ifPresent(worst -> out.println("  worst: " + worst + System.lineSeparator()));
    }
    out.flush();
  }

  /** A line for each file and kind. */
  private static Table summary(Outcome outcome) {
    Map<List<String>, List<ParityReport.Row>> groups = new LinkedHashMap<>();
    for (ParityReport.Row row : outcome.rows()) {
      groups.computeIfAbsent(List.of(row.file(), row.kind()), k -> new ArrayList<>()).add(row);
    }
    Table table = new Table(List.of("file", "kind", "tensors", "max error", "tolerance", ""));
    groups.forEach(
        (group, rows) -> {
          double error = rows.stream().mapToDouble(ParityReport.Row::error).max().orElse(0);
          double tolerance = rows.stream().mapToDouble(ParityReport.Row::tolerance).min().orElse(0);
          boolean passed = rows.stream().allMatch(ParityReport.Row::passed);
          table.row(
              group.get(0),
              group.get(1),
              Integer.toString(rows.size()),
              error(error),
              tolerance(tolerance),
              passed ? "" : "FAILED");
        });
    return table;
  }

  private static Table everything(Outcome outcome) {
    Table table = new Table(List.of("file", "kind", "tensor", "error", "tolerance", ""));
    for (ParityReport.Row row : outcome.rows()) {
      table.row(
          row.file(),
          row.kind(),
          row.tensor(),
          error(row.error()),
          tolerance(row.tolerance()),
          row.passed() ? "" : "FAILED " + row.remark());
    }
    return table;
  }

  private static String error(double error) {
    return Double.isInfinite(error) ? "∞" : String.format(Locale.ROOT, "%.1e", error);
  }

  private static String tolerance(double tolerance) {
    return String.format(Locale.ROOT, "%.0e", tolerance);
  }

  private static ArrayNode document(List<Outcome> outcomes) {
    ArrayNode cases = JSON.createArrayNode();
    for (Outcome outcome : outcomes) {
      ObjectNode node = cases.addObject();
      node.put("folder", outcome.path().toString()).put("passed", outcome.passed());
      if (outcome.skipped()) {
        node.put("skipped", true);
      }
      if (!outcome.problem().isEmpty()) {
        node.put("problem", outcome.problem());
      }
      ArrayNode rows = node.putArray("rows");
      for (ParityReport.Row row : outcome.rows()) {
        ObjectNode one = rows.addObject();
        one.put("file", row.file()).put("kind", row.kind()).put("tensor", row.tensor());
        if (Double.isFinite(row.error())) {
          one.put("error", row.error());
        } else {
          one.put("error", Double.toString(row.error())).put("remark", row.remark());
        }
        one.put("tolerance", row.tolerance()).put("passed", row.passed());
      }
    }
    return cases;
  }
}
