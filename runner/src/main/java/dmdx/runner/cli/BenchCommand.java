package dmdx.runner.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import dmdx.runner.bench.PeakRates;
import dmdx.runner.config.ConfigLoader;
import dmdx.runner.plugin.PluginRegistry;
import dmdx.runner.report.Table;
import dmdx.runner.stage.Benchmark;
import dmdx.runner.stage.Pipeline;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dmdx bench}. */
@Command(
    name = "bench",
    description =
        "Measures this machine's highest rates, then how near to them the denoiser of a"
            + " configuration, with activations kept and recomputed, and the updates of its ADM stage"
            + " come, and how much of their time is spent outside of kernels.")
final class BenchCommand implements Callable<Integer> {
  private static final double GIGA = 1e9;
  private final Supplier<PluginRegistry> plugins;

  @Parameters(
      arity = "0..1",
      paramLabel = "FILE",
      description = "A configuration. Default: a small denoiser of SDXL's widths, untrained.")
  private @Nullable Path file;

  @Option(names = "-D", paramLabel = "KEY=VALUE", description = "Overrides a setting.")
  private List<String> overrides = new ArrayList<>();

  @Option(names = "--json", paramLabel = "OUT", description = "Writes the figures there, too.")
  private @Nullable Path json;

  @Spec private CommandSpec spec;

  @SuppressWarnings("NullAway.Init") // picocli sets the specification
  BenchCommand(Supplier<PluginRegistry> plugins) {
    this.plugins = plugins;
  }

  @Override
  public Integer call() throws IOException {
    if (file != null) {
      Config config = ConfigLoader.load(file, overrides, plugins.get()::teacher);
      try (Pipeline pipeline =
          new Pipeline(config, RunOptions.base(), plugins.get(), new SimpleMeterRegistry())) {
        measure(pipeline);
      }
      return Main.OK;
    }
    try (BuiltInBench bench = BuiltInBench.unpack()) {
      Config config = ConfigLoader.load(bench.file(), overrides, plugins.get()::teacher);
      try (Pipeline pipeline =
          Pipeline.untrained(config, bench.folder(), plugins.get(), new SimpleMeterRegistry())) {
        measure(pipeline);
      }
    }
    return Main.OK;
  }

  private void measure(Pipeline pipeline) throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    PeakRates rates = pipeline.peakRates();
    out.println(table(rates));
    out.println();
    out.flush();
    List<Benchmark.Result> results = pipeline.benchmark();
    out.println(table(results, rates.highest(pipeline.precision())));
    if (json != null) {
      Files.writeString(json, json(rates, results));
    }
  }

  private static Table table(PeakRates rates) {
    Table table = new Table(List.of("peak", "type", "GFLOP/s", "at"));
    for (PeakRates.Rate rate : rates.rates()) {
      table.row(rate.kind(), rate.type(), number(rate.flops() / GIGA), rate.shape());
    }
    return table;
  }

  private static Table table(List<Benchmark.Result> results, double peak) {
    Table table =
        new Table(
            List.of("", "ms", "GFLOP", "GFLOP/s", "of peak", "kernels ms", "wall/kernels", "MiB"));
    for (Benchmark.Result r : results) {
      double rate = r.flops() / r.seconds();
      table.row(
          r.name(),
          number(r.seconds() * 1e3),
          number(r.flops() / GIGA),
          number(rate / GIGA),
          String.format(Locale.ROOT, "%.0f %%", 100 * rate / peak),
          number(r.kernelSeconds() * 1e3),
          String.format(Locale.ROOT, "%.2f", r.seconds() / r.kernelSeconds()),
          String.format(Locale.ROOT, "%,d", r.peakBytes() >> 20));
    }
    return table;
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.1f", value);
  }

  private static String json(PeakRates rates, List<Benchmark.Result> results) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode root = mapper.createObjectNode();
    root.put("processors", Runtime.getRuntime().availableProcessors());
    ArrayNode peaks = root.putArray("peaks");
    rates
        .rates()
        .forEach(
            r ->
                peaks
                    .addObject()
                    .put("kind", r.kind())
                    .put("type", r.type())
                    .put("shape", r.shape())
                    .put("flops_per_second", r.flops()));
    ArrayNode work = root.putArray("work");
    for (Benchmark.Result r : results) {
      ObjectNode one =
          work.addObject()
              .put("name", r.name())
              .put("seconds", r.seconds())
              .put("kernel_seconds", r.kernelSeconds())
              .put("flops", r.flops())
              .put("peak_memory_bytes", r.peakBytes());
      ObjectNode kernels = one.putObject("kernels");
      r.kernels().forEach(kernels::put);
    }
    return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root);
  }
}
