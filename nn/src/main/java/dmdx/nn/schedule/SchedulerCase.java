package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.api.CheckpointException;
import dmdx.api.Diffusion;
import dmdx.api.DiscreteSchedule;
import dmdx.api.Sampler;
import dmdx.api.VelocityPrediction;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ModelConfig;
import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.function.IntToDoubleFunction;

/**
 * One recorded scheduler: its tables, grids and runs, and the errors of ours.
 *
 * <pre>
 * class                                   of the scheduler
 * config                                  as the reference saves it
 * alphas_cumprod, train_sigmas            {indices, values}
 * schedules.&lt;n&gt;                           {timesteps, sigmas, init_noise_sigma}
 * runs[]                                  {num_inference_steps, initial_noise, steps[]}
 * add_noise, get_velocity, scale_noise    {timesteps, shape, sample, noise, result}
 * </pre>
 */
final class SchedulerCase implements AutoCloseable {
  /** Latents after a step. */
  static final double STEP = 2e-5;

  /** Latents after a whole run. */
  private static final double RUN = 5e-5;

  /** Noised latents. */
  private static final double NOISED = 1e-5;

  static final double SIGMA = 3e-5;
  static final double TIMESTEP = 1e-4;
  private static final double CUMULATIVE_ALPHA = 5e-6;

  private final ModelConfig index;
  private final NDManager memory;
  private final ParityRows rows;

  SchedulerCase(ModelConfig index, NDManager manager) {
    this.index = index;
    memory = manager.newSubManager();
    rows = new ParityRows(index.path().getFileName().toString());
  }

  /** Whether {@code index} records a scheduler of that class. */
  static boolean isOf(ModelConfig index, String name) {
    return index.json().path("class").asText().equals(name) && index.json().has("schedules");
  }

  ModelConfig config() {
    return index.section("config");
  }

  JsonNode at(String key) {
    JsonNode node = index.json().get(key);
    if (node == null) {
      throw new CheckpointException("%s: '%s' is missing".formatted(index.path(), key));
    }
    return node;
  }

  /** The recorded grids by number of steps. */
  Iterable<Map.Entry<String, JsonNode>> grids() {
    return at("schedules").properties();
  }

  /**
   * The grid a scheduler spreads for a recorded one, whether or not a sampler could start on it.
   */
  static double[] grid(Map.Entry<String, JsonNode> recorded, SchedulerConfig config) {
    int n = Integer.parseInt(recorded.getKey());
    return config.grid().spread(n, config.trainTimesteps(), config.stepsOffset());
  }

  ParityReport report() {
    return new ParityReport(index.path(), rows.list());
  }

  void alphas(IntToDoubleFunction actual) {
    table("alphas_cumprod", actual, SchedulerCase::ofAlpha, CUMULATIVE_ALPHA);
  }

  /** Errors are relative above 1e-3; below, 1e-8 is the largest allowed. */
  private static double ofAlpha(double b) {
    return b > 1e-3 ? b : 1e-8 / CUMULATIVE_ALPHA;
  }

  /** Compares what all variance-preserving schedulers with whole timesteps have in common. */
  void variancePreserving(SchedulerConfig config) {
    DiscreteSchedule schedule = VpSchedules.of(config);
    alphas(schedule::cumulativeAlpha);
    double end = VpSteps.finalCumulativeAlpha(config, schedule.cumulativeAlpha(0));
    number("final_alpha_cumprod", end, 1e-6);
    for (Map.Entry<String, JsonNode> grid : grids()) {
      timesteps(grid, Arrays.stream(grid(grid, config)).map(Math::rint).toArray(), 0);
    }
    noised("add_noise", (x, eps, t) -> Diffusion.diffuse(x, eps, t, schedule));
    noised("get_velocity", (x, eps, t) -> new VelocityPrediction().target(x, eps, t, schedule));
  }

  void trainSigmas(IntToDoubleFunction actual) {
    table("train_sigmas", actual, ParityRows.RELATIVE, SIGMA);
  }

  private void table(
      String key, IntToDoubleFunction actual, DoubleUnaryOperator scale, double tolerance) {
    double[] indices = numbers(at(key).get("indices"));
    double[] values = new double[indices.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = actual.applyAsDouble((int) indices[i]);
    }
    rows.numbers("table", key, values, numbers(at(key).get("values")), scale, tolerance);
  }

  /** Compares one number of the case, relative to it. */
  void number(String key, double actual, double tolerance) {
    rows.number("table", key, actual, at(key).asDouble(), ParityRows.RELATIVE, tolerance);
  }

  /** Compares the timesteps of a grid; {@code tolerance} is absolute. */
  void timesteps(Map.Entry<String, JsonNode> grid, double[] actual, double tolerance) {
    double[] stored = numbers(grid.getValue().get("timesteps"));
    String name = grid.getKey() + ".timesteps";
    rows.numbers("grid", name, actual, stored, ParityRows.ABSOLUTE, tolerance);
  }

  /** Compares the noise levels of a grid. */
  void sigmas(Map.Entry<String, JsonNode> grid, String key, double... actual) {
    JsonNode stored = grid.getValue().get(key);
    double[] values = stored.isArray() ? numbers(stored) : new double[] {stored.asDouble()};
    String name = grid.getKey() + "." + key;
    rows.numbers("grid", name, actual, values, ParityRows.RELATIVE, SIGMA);
  }

  /** Compares latents of a run. */
  void latents(String kind, String name, JsonNode stored, NDArray actual, double tolerance) {
    rows.tensor(kind, name, actual, tensor(stored), ParityRows.RELATIVE_BEYOND_ONE, tolerance);
  }

  /** Compares what a step of a run of n steps makes. */
  void step(int n, int step, JsonNode stored, NDArray previous, NDArray clean) {
    String name = "%d.%d.".formatted(n, step);
    latents("step", name + "prev_sample", stored.get("prev_sample"), previous, STEP);
    latents("step", name + "pred_original_sample", stored.get("pred_original_sample"), clean, STEP);
  }

  /** Compares the end of a run with the stand-in, and whether the initial noise is unchanged. */
  void end(int n, JsonNode run, Sampler sampler) {
    NDArray noise = tensor(run.get("initial_noise"));
    NDArray end = sampler.sample(SchedulerCase::model, noise);
    latents("run", n + ".end", run.get("steps").get(n - 1).get("prev_sample"), end, RUN);
    latents("run", n + ".initial_noise", run.get("initial_noise"), noise, 0);
  }

  /** What noises the latents of an example, or else turns them into a target. */
  interface Noising {
    NDArray of(NDArray sample, NDArray noise, double[] timesteps);
  }

  /** Compares {@code add_noise} and its like. */
  void noised(String key, Noising noising) {
    JsonNode example = at(key);
    double[] t = numbers(example.get("timesteps"));
    Shape rowsOfThree = new Shape(t.length, -1);
    NDArray actual =
        noising.of(
            tensor(example.get("sample")).reshape(rowsOfThree),
            tensor(example.get("noise")).reshape(rowsOfThree),
            t);
    latents("noise", key, example.get("result"), actual.reshape(-1), NOISED);
  }

  /** The stand-in for a network with which the runs were recorded. */
  private static NDArray model(NDArray x, double t) {
    return Ops.times(x, 0.3).add((float) (0.1 * Math.sin(t / 100)));
  }

  static double[] numbers(JsonNode list) {
    double[] values = new double[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).asDouble();
    }
    return values;
  }

  /** A list of numbers, {@code [N]}, float32. */
  NDArray tensor(JsonNode list) {
    float[] values = new float[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) list.get(i).asDouble();
    }
    return memory.create(values);
  }

  @Override
  public void close() {
    memory.close();
  }
}
