package dmdx.nn.plane;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Component;
import dmdx.api.Conditioner;
import dmdx.api.Conditioning;
import dmdx.api.FeatureTap;
import dmdx.api.FlowPrediction;
import dmdx.api.FlowSchedule;
import dmdx.api.GuidanceRange;
import dmdx.api.ImageSize;
import dmdx.api.LatentCodec;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.Precision;
import dmdx.api.Sampler;
import dmdx.api.StudentBase;
import dmdx.api.StudentSampling;
import dmdx.api.Teacher;
import dmdx.api.network.Denoiser;
import dmdx.api.network.Passes;
import dmdx.api.network.Weights;
import dmdx.nn.pipeline.ExportFolder;
import dmdx.nn.pipeline.StudentSamplingFile;
import dmdx.nn.schedule.PfOdeSampler;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A teacher on points {@code [B, 2]}: an exact velocity that cannot be trained, and a small network
 * near it that can, from which students start. There are no prompts and no guidance.
 */
public final class PlaneTeacher implements Teacher {
  static final String COMPONENT = "student";
  private static final String STEM = "diffusion_pytorch_model";
  private static final String SAMPLER = "ode";
  private static final double HORIZON = 1000;
  private static final double SPREAD = 3;

  private final Path folder;
  private final PlaneDistribution distribution;
  private final FlowSchedule schedule = new FlowSchedule(HORIZON);
  private final Denoiser velocity;
  private final PlaneNetwork network;
  private final NDManager manager;
  private final StudentBase base;
  private final LatentCodec codec;

  /**
   * @param folder files that describe the distribution, of which exports carry copies; where it is
   *     an exported student, its weights are used
   * @param network what students are, fitted to the distribution's velocity unless there are
   *     weights
   * @param steps steps of that fit
   */
  public PlaneTeacher(
      Path folder, PlaneDistribution distribution, PlaneNetwork network, int steps) {
    this(folder, distribution, network, steps, NDManager.newBaseManager(Device.cpu()));
  }

  /**
   * @param manager is closed with this, and if this fails
   */
  PlaneTeacher(
      Path folder,
      PlaneDistribution distribution,
      PlaneNetwork network,
      int steps,
      NDManager manager) {
    this.folder = folder;
    this.distribution = distribution;
    this.network = network;
    this.manager = manager;
    velocity = new ExactVelocity(distribution, schedule);
    boolean open = false;
    try {
      PlaneGrid grid = distribution.grid();
      codec = new PlaneCodec(grid, grid.masses(distribution::density));
      base = new StudentBase(network, weights(steps)); // last, as it may hold files
      open = true;
    } finally {
      if (!open) {
        manager.close();
      }
    }
  }

  private Weights weights(int steps) {
    Path saved = folder.resolve(COMPONENT);
    return Files.isDirectory(saved)
        ? CheckpointWeights.open(saved, STEM, null, network, name -> false, manager)
        : network.fit(velocity, HORIZON, SPREAD, steps, manager);
  }

  /** What is known of the distribution. */
  public PlaneDistribution distribution() {
    return distribution;
  }

  @Override
  public Denoiser denoiser() {
    return velocity;
  }

  @Override
  public String denoiserComponent() {
    return COMPONENT;
  }

  @Override
  public Map<String, Component> components() {
    return Map.of(COMPONENT, new Component(COMPONENT, base.denoiser(), base.weights()));
  }

  @Override
  public StudentBase studentBase() {
    return base;
  }

  @Override
  public NoiseSchedule schedule() {
    return schedule;
  }

  @Override
  public Parameterization parameterization() {
    return new FlowPrediction();
  }

  /** Whatever the prompt, a column of zeros that no network reads. */
  @Override
  public Conditioner conditioner() {
    return new Conditioner() {
      @Override
      public Conditioning encode(Passes passes, List<String> prompts, ImageSize size) {
        return unconditional(passes, prompts.size(), size);
      }

      @Override
      public Conditioning unconditional(Passes passes, int rows, ImageSize size) {
        return new Conditioning(
            Map.of("none", passes.of(COMPONENT).scope().zeros(new Shape(rows, 1))));
      }
    };
  }

  @Override
  public LatentCodec codec() {
    return codec;
  }

  @Override
  public Sampler sampler(String name, int steps) {
    if (!name.equals(SAMPLER)) {
      throw new IllegalArgumentException(
          "no sampler named '%s'; there is %s".formatted(name, SAMPLER));
    }
    return new PfOdeSampler(schedule, parameterization(), studentTimesteps(steps));
  }

  @Override
  public String defaultSampler() {
    return SAMPLER;
  }

  /** Equal steps from the horizon down. */
  @Override
  public double[] studentTimesteps(int n) {
    double[] times = new double[n];
    for (int i = 0; i < n; i++) {
      times[i] = HORIZON * (n - i) / n;
    }
    return times;
  }

  @Override
  public List<FeatureTap> taps() {
    return network.taps();
  }

  @Override
  public GuidanceRange recommendedGuidance() {
    return new GuidanceRange(1, 1);
  }

  @Override
  public void export(
      Path target,
      Map<String, Weights> replaced,
      Precision precision,
      @Nullable StudentSampling student) {
    ExportFolder.write(
        target,
        aside -> {
          copyDescription(aside);
          Path file =
              Files.createDirectories(aside.resolve(COMPONENT)).resolve(STEM + ".safetensors");
          Weights weights = replaced.getOrDefault(COMPONENT, base.weights());
          SafetensorsWriter.write(
              file, network, weights, Map.of("format", "pt"), DType.of(precision));
          if (student != null) {
            Files.write(
                aside.resolve(StudentSamplingFile.NAME), StudentSamplingFile.bytes(student));
          }
        });
  }

  private void copyDescription(Path target) throws IOException {
    try (var files = Files.list(folder)) {
      for (Path file : files.filter(PlaneTeacher::describes).toList()) {
        Files.copy(file, target.resolve(file.getFileName()));
      }
    }
  }

  private static boolean describes(Path file) {
    return Files.isRegularFile(file) && !file.endsWith(StudentSamplingFile.NAME);
  }

  @Override
  public void close() {
    if (base.weights() instanceof CheckpointWeights weights) {
      weights.close();
    }
    manager.close();
  }
}
