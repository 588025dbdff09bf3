package dmdx.api;

import dmdx.api.network.Denoiser;
import dmdx.api.network.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A pretrained diffusion model: networks, weights, noise schedule and prompt handling.
 *
 * <p>Networks hold no tensors. The framework runs {@link #denoiser()} with whatever weights a role
 * has: the teacher's own, a student's copy, a fake score's.
 */
public interface Teacher extends AutoCloseable {

  /** The denoiser, a pure function of named weights. */
  Denoiser denoiser();

  /**
   * The folder name of the denoiser in a checkpoint, a key of {@link #components()}: {@code unet}.
   */
  String denoiserComponent();

  /** All networks of the checkpoint by folder name, in the order of {@code model_index.json}. */
  Map<String, Component> components();

  /**
   * What students and fake scores start from: the denoiser with its own weights, unless the teacher
   * is no network that could be trained, such as an exact score. Always the same object.
   */
  default StudentBase studentBase() {
    Component component = components().get(denoiserComponent());
    if (component == null) {
      throw new IllegalStateException(
          "'%s' is none of the components %s"
              .formatted(denoiserComponent(), components().keySet()));
    }
    return new StudentBase(denoiser(), component.weights());
  }

  NoiseSchedule schedule();

  Parameterization parameterization();

  Conditioner conditioner();

  LatentCodec codec();

  /**
   * The teacher's own multi-step sampler.
   *
   * @param name sampler name, for instance {@code ddim} or {@code euler}
   * @param steps number of network evaluations
   * @throws IllegalArgumentException naming the supported samplers if {@code name} is none of them
   */
  Sampler sampler(String name, int steps);

  /**
   * The guidance scale a sampler of this teacher uses at time t.
   *
   * @param scale the scale asked for
   * @param t network timestep
   * @param steps number of the sampler's steps
   * @return {@code scale}, unless the teacher has guidance that changes along the way
   */
  default double guidance(double scale, double t, int steps) {
    return scale;
  }

  /** The name {@link #sampler} uses where a configuration is silent. */
  String defaultSampler();

  /** All names that {@link #sampler} takes. */
  default List<String> samplers() {
    return List.of(defaultSampler());
  }

  /**
   * Timesteps of an {@code n}-step student, noisiest first, each in (0, horizon].
   *
   * @param n number of steps, at least 1
   */
  double[] studentTimesteps(int n);

  /**
   * Hidden states of the {@link #studentBase()} that the latent discriminator looks at, in network
   * order.
   */
  List<FeatureTap> taps();

  /**
   * Module paths of the denoiser, or their last parts, that low-rank adapters go into where a
   * configuration names none: the projections of all attention layers.
   */
  default List<String> loraTargets() {
    return List.of("to_q", "to_k", "to_v", "to_out.0");
  }

  /** Guidance scales the real score draws from, per the paper. */
  GuidanceRange recommendedGuidance();

  /**
   * Writes a complete pipeline folder: every component and the files that the provider needs to
   * open it again. No other file is asked for, but with a student {@code dmdx_student.json}, as
   * {@code dmdx.nn.pipeline.StudentSamplingFile} writes it. The folder is there completely or not
   * at all: {@code dmdx.nn.pipeline.ExportFolder} writes it aside and renames it.
   *
   * @param folder target, created; one that does not exist or is empty
   * @param replaced weights by component name that take the place of this teacher's own
   * @param precision format the replaced components are saved in
   * @param student how the replaced denoiser is to be sampled, or {@code null} to keep the
   *     teacher's scheduler
   */
  void export(
      Path folder,
      Map<String, Weights> replaced,
      Precision precision,
      @Nullable StudentSampling student);

  @Override
  void close();
}
