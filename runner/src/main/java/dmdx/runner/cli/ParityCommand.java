package dmdx.runner.cli;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.api.CheckpointException;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceNetworkProvider;
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
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dmdx parity}. */
@Command(
    name = "parity",
    description = {
      "Compares networks with the values that their reference implementation stored.",
      "",
      "A case folder holds config.json, weights and io*.safetensors. Exits with 1 if a value is"
          + " beyond its tolerance, if a folder holds no case, or if no plugin knows a case's"
          + " network."
    })
final class ParityCommand implements Callable<Integer> {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Supplier<PluginRegistry> plugins;
  private final BooleanSupplier verbose;
  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DIR", arity = "1..*", description = "Case folders, or folders of them.")
  private List<Path> folders = List.of();

  @Option(names = "--json", description = "Print one JSON document instead of tables.")
  private boolean json;

  /** What came of one case. {@code problem} is empty if it could be compared. */
  private record Outcome(Path folder, List<ParityReport.Row> rows, String problem) {
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
    List<ReferenceNetworkProvider> networks = plugins.get().referenceNetworks();
    List<Outcome> outcomes = new ArrayList<>();
    for (Path folder : folders) {
      if (!Files.isDirectory(folder)) {
        throw new CheckpointException(folder + ": no such folder. Give a folder with cases.");
      }
      List<ParityCase> cases = ParityCase.find(folder);
      if (cases.isEmpty()) {
        shown(
            out,
            outcomes,
            new Outcome(
                folder,
                List.of(),
                "no case in it. Expected config.json, weights and io*.safetensors."));
      }
      for (ParityCase one : cases) {
        shown(out, outcomes, check(one, networks));
      }
    }
    long failed = outcomes.stream().filter(o -> !o.passed()).count();
    if (json) {
      out.println(JSON.writerWithDefaultPrettyPrinter().writeValueAsString(document(outcomes)));
    } else {
      out.printf(Locale.ROOT, "%d of %d cases passed%n", outcomes.size() - failed, outcomes.size());
    }
    return failed == 0 ? Main.OK : Main.CHECK_FAILED;
  }

  private static Outcome check(ParityCase one, List<ReferenceNetworkProvider> networks) {
    for (ReferenceNetworkProvider provider : networks) {
      if (provider.accepts(one.config())) {
        try (NDManager manager = NDManager.newBaseManager()) {
          List<ParityReport.Row> rows = one.check(provider, manager).rows();
          return new Outcome(
              one.folder(), rows, rows.isEmpty() ? "its files hold nothing to compare." : "");
        } catch (CheckpointException e) {
          return new Outcome(one.folder(), List.of(), String.valueOf(e.getMessage()));
        }
      }
    }
    String name = one.config().text("_class_name", one.config().text("model_type", "unnamed"));
    return new Outcome(
        one.folder(),
        List.of(),
        "no plugin has the network of its config.json (%s).".formatted(name));
  }

  private void shown(PrintWriter out, List<Outcome> outcomes, Outcome outcome) {
    outcomes.add(outcome);
    if (json) {
      return;
    }
    out.println(
        outcome.folder() + ": " + (outcome.passed() ? "passed" : "FAILED " + outcome.problem()));
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
      node.put("folder", outcome.folder().toString()).put("passed", outcome.passed());
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
