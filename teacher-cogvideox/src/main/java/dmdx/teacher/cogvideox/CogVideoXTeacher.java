package dmdx.teacher.cogvideox;

import dmdx.api.CheckpointException;
import dmdx.api.Component;
import dmdx.api.Conditioner;
import dmdx.api.DiscreteSchedule;
import dmdx.api.FeatureTap;
import dmdx.api.GuidanceRange;
import dmdx.api.LatentCodec;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.Precision;
import dmdx.api.Sampler;
import dmdx.api.StudentSampling;
import dmdx.api.Teacher;
import dmdx.api.VelocityPrediction;
import dmdx.api.network.Denoiser;
import dmdx.api.network.Weights;
import dmdx.nn.pipeline.Misfits;
import dmdx.nn.pipeline.PipelineExport;
import dmdx.nn.pipeline.PipelineFolder;
import dmdx.nn.pipeline.PipelineLayout;
import dmdx.nn.pipeline.PipelineLayout.Part;
import dmdx.nn.pipeline.PipelineNetworks;
import dmdx.nn.pipeline.PipelineNetworks.Unopened;
import dmdx.nn.pipeline.StudentScheduler;
import dmdx.nn.pipeline.T5Text;
import dmdx.nn.pipeline.VideoLatentCodec;
import dmdx.nn.schedule.CogVideoXDpmSampler;
import dmdx.nn.schedule.DdimSampler;
import dmdx.nn.schedule.Prediction;
import dmdx.nn.schedule.SchedulerConfig;
import dmdx.nn.schedule.TimestepGrid;
import dmdx.nn.schedule.VpSchedules;
import dmdx.nn.vae.AutoencoderKlCogVideoX;
import dmdx.nn.vae.AutoencoderKlCogVideoXConfig;
import dmdx.teacher.cogvideox.transformer.CogVideoXTransformer;
import dmdx.teacher.cogvideox.transformer.CogVideoXTransformerConfig;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** CogVideoX, the 1.0 text-to-video models. */
final class CogVideoXTeacher implements Teacher {
  private static final String TEXT = "text_encoder";
  private static final String TRANSFORMER = "transformer";

  static final PipelineLayout LAYOUT =
      new PipelineLayout(
          "CogVideoX",
          "CogVideoXPipeline",
          List.of(
              Part.of(TEXT, "transformers", "T5EncoderModel"),
              Part.of("tokenizer", "transformers", "T5Tokenizer"),
              Part.of(TRANSFORMER, "diffusers", "CogVideoXTransformer3DModel"),
              Part.of("vae", "diffusers", "AutoencoderKLCogVideoX")));

  private final PipelineFolder folder;
  private final CogVideoXSettings settings;
  private final SchedulerConfig scheduler;
  private final DiscreteSchedule schedule;
  private final CogVideoXTransformer transformer;
  private final CogVideoXConditioner conditioner;
  private final VideoLatentCodec codec;
  private final PipelineNetworks networks;

  /**
   * @throws CheckpointException if the folder is no CogVideoX checkpoint
   */
  CogVideoXTeacher(PipelineFolder folder, CogVideoXSettings settings) {
    this.folder = folder;
    this.settings = settings;
    scheduler = scheduler(folder);
    schedule = VpSchedules.of(scheduler);
    CogVideoXTransformerConfig config = CogVideoXTransformerConfig.of(folder.config(TRANSFORMER));
    transformer = new CogVideoXTransformer(config);
    T5Text text = T5Text.read(folder, TEXT, "tokenizer", config.textLength());
    conditioner = new CogVideoXConditioner(text);
    AutoencoderKlCogVideoX vae =
        AutoencoderKlCogVideoX.of(AutoencoderKlCogVideoXConfig.from(folder.config("vae")));
    codec = new VideoLatentCodec(vae, LAYOUT.model(), config.patch());
    Misfits misfits = new Misfits(folder);
    misfits.channels(
        TRANSFORMER, config.inChannels(), config.outChannels(), vae.config().latentChannels());
    text.check(misfits, TRANSFORMER, "text_embed_dim", config.contextWidth());
    misfits.throwIfAny();
    networks =
        PipelineNetworks.open(
            folder,
            List.of(text.unopened(), Unopened.of(TRANSFORMER, transformer), codec.unopened()));
  }

  private static SchedulerConfig scheduler(PipelineFolder folder) {
    SchedulerConfig scheduler = SchedulerConfig.read(folder.schedulerFile());
    if (scheduler.prediction() != Prediction.V_PREDICTION) {
      throw new CheckpointException(
          "%s: 'prediction_type' is %s, expected v_prediction. Use the scheduler saved with the checkpoint."
              .formatted(folder.schedulerFile(), scheduler.prediction()));
    }
    return scheduler;
  }

  @Override
  public Denoiser denoiser() {
    return transformer;
  }

  @Override
  public String denoiserComponent() {
    return TRANSFORMER;
  }

  @Override
  public Map<String, Component> components() {
    return networks.components();
  }

  @Override
  public NoiseSchedule schedule() {
    return schedule;
  }

  @Override
  public Parameterization parameterization() {
    return new VelocityPrediction();
  }

  @Override
  public Conditioner conditioner() {
    return conditioner;
  }

  @Override
  public LatentCodec codec() {
    return codec;
  }

  @Override
  public Sampler sampler(String name, int steps) {
    return switch (name) {
      case "ddim" -> new DdimSampler(scheduler, steps);
      case "dpm" -> new CogVideoXDpmSampler(scheduler, steps, 0);
      default ->
          throw new IllegalArgumentException(
              "no sampler named '%s'; cogvideox has %s"
                  .formatted(name, String.join(", ", CogVideoXSettings.SAMPLERS)));
    };
  }

  @Override
  public String defaultSampler() {
    return settings.sampler();
  }

  @Override
  public List<String> samplers() {
    return CogVideoXSettings.SAMPLERS;
  }

  /**
   * With dynamic guidance {@code 1 + scale (1 - cos(pi ((steps - t) / steps)^5)) / 2}: the
   * published pipeline's rule, which takes the timestep t for the number of the step.
   */
  @Override
  public double guidance(double scale, double t, int steps) {
    if (!settings.dynamicGuidance()) {
      return scale;
    }
    return 1 + scale * (1 - Math.cos(Math.PI * Math.pow((steps - t) / steps, 5))) / 2;
  }

  /**
   * Trailing timesteps, as the published schedulers have them; the evenly spaced ones of older
   * configurations end in timestep 0, where a student would have nothing left to do.
   */
  @Override
  public double[] studentTimesteps(int n) {
    return TimestepGrid.ofStudent(n, scheduler.trainTimesteps());
  }

  @Override
  public List<FeatureTap> taps() {
    return transformer.taps();
  }

  @Override
  public GuidanceRange recommendedGuidance() {
    return new GuidanceRange(5, 7);
  }

  @Override
  public void export(
      Path target,
      Map<String, Weights> replaced,
      Precision precision,
      @Nullable StudentSampling student) {
    new PipelineExport(
            folder,
            networks.components(),
            Map.of(),
            StudentScheduler.variancePreserving(schedule.timeScale()))
        .write(target, replaced, precision, student);
  }

  @Override
  public void close() {
    networks.close();
  }
}
