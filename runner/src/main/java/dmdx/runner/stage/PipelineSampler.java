package dmdx.runner.stage;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.typesafe.config.Config;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.ImageSize;
import dmdx.api.LatentCodec;
import dmdx.api.Precision;
import dmdx.api.StudentBase;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.network.Pass;
import dmdx.api.network.Passes;
import dmdx.api.network.Weights;
import dmdx.api.settings.Settings;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.Noise;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Pictures or videos from a pipeline folder: a distilled student's where the folder, or that of
 * adapters over it, says how it is sampled; else a teacher's under guidance.
 */
public final class PipelineSampler implements AutoCloseable {
  private final Teacher teacher;
  private final NDManager manager;
  private final Compute compute;
  private final @Nullable StudentModel student;
  private final Weights studentWeights;

  /**
   * Opens a pipeline folder.
   *
   * @param adapters exported folder of a student that is adapters over the pipeline, or {@code
   *     null}
   * @param own the plugin's settings, its defaults merged in
   * @param device what computes
   */
  public PipelineSampler(
      TeacherProvider provider, Path folder, @Nullable Path adapters, Config own, Device device) {
    manager = NDManager.newBaseManager(device);
    compute = new Compute(manager, Precision.FP32, false);
    Settings settings = Settings.of(own.withFallback(provider.defaults()), folder);
    teacher = provider.open(new TeacherProvider.OpenRequest(folder, false, 0), settings);
    Path source = adapters == null ? folder : adapters;
    student =
        adapters != null || StudentFiles.exists(folder)
            ? StudentModel.of(teacher, StudentFiles.sampling(source))
            : null;
    StudentBase base = teacher.studentBase();
    studentWeights =
        adapters == null
            ? compute.frozen(base.weights())
            : Tuning.LowRank.read(adapters, teacher.denoiserComponent(), base, compute);
  }

  /** Whether a distilled student is sampled. */
  public boolean isStudent() {
    return student != null;
  }

  /**
   * How a teacher is sampled; a student ignores it.
   *
   * @param steps of its sampler
   * @param guidance guidance scale; 1 for none, which takes half the network evaluations
   */
  public record Guided(int steps, double guidance) {}

  /**
   * One picture or video per prompt.
   *
   * @param seed picture i is a function of (seed, i) and its prompt
   * @param owner owns the result
   * @return RGB {@code [B, 3, H, W]}, of a video teacher {@code [B, 3, T, H, W]}, nominally in [-1,
   *     1], not clamped
   */
  public NDArray sample(
      List<String> prompts, ImageSize size, long seed, Guided guided, NDManager owner) {
    try (Scope scope = new Scope();
        Autograd.Mode paused = Autograd.paused()) {
      Passes passes = component -> ForwardPass.of(weights(component), manager);
      List<String> requests = Grids.requests(teacher.codec(), prompts);
      NDArray noise = noise(requests.size(), size, seed);
      Conditioning conditioning = teacher.conditioner().encode(passes, requests, size);
      NDArray latents;
      if (student != null) {
        Guidance guidance =
            student.guidance() > 1
                ? guidance(passes, conditioning, size, student.guidance())
                : Guidance.none(conditioning);
        latents = student.sample(ForwardPass.of(studentWeights, manager), noise, guidance);
      } else {
        TeacherSampler sampler =
            TeacherSampler.of(teacher, teacher.defaultSampler(), guided.steps());
        latents =
            sampler.sample(
                passes.of(teacher.denoiserComponent()),
                noise,
                guidance(passes, conditioning, size, guided.guidance()));
      }
      LatentCodec codec = teacher.codec();
      Pass pass = ForwardPass.of(codecWeights(codec), manager);
      NDArray pixels = codec.pictures(codec.decode(pass, latents));
      pixels.attach(owner);
      return scope.keep(pixels);
    }
  }

  private NDArray noise(int rows, ImageSize size, long seed) {
    ai.djl.ndarray.NDList noise = new ai.djl.ndarray.NDList();
    for (int row = 0; row < rows; row++) {
      noise.add(
          Noise.of(seed, "sample", row).gaussian(manager, teacher.codec().latentShape(1, size)));
    }
    return ai.djl.ndarray.NDArrays.concat(noise, 0);
  }

  private Guidance guidance(
      Passes passes, Conditioning conditioning, ImageSize size, double scale) {
    int rows = conditioning.rows();
    double[] scales = Diffusion.filled(rows, scale);
    return new Guidance(
        conditioning, teacher.conditioner().unconditional(passes, rows, size), scales);
  }

  private Weights codecWeights(LatentCodec codec) {
    String component = codec.component();
    return component == null
        ? new MapWeights("a codec without a network", Map.of())
        : weights(component);
  }

  private Weights weights(String component) {
    return compute.frozen(Objects.requireNonNull(teacher.components().get(component)).weights());
  }

  @Override
  public void close() {
    teacher.close();
    manager.close();
  }
}
