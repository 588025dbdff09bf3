package dmdx.teacher.sdxl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import dmdx.api.CheckpointException;
import dmdx.api.Component;
import dmdx.api.Conditioner;
import dmdx.api.DiscreteSchedule;
import dmdx.api.FeatureTap;
import dmdx.api.GuidanceRange;
import dmdx.api.LatentCodec;
import dmdx.api.NoisePrediction;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.Precision;
import dmdx.api.Sampler;
import dmdx.api.StudentSampling;
import dmdx.api.Teacher;
import dmdx.api.VelocityPrediction;
import dmdx.api.network.Denoiser;
import dmdx.api.network.Weights;
import dmdx.nn.pipeline.ClipFolders;
import dmdx.nn.pipeline.ClipPair;
import dmdx.nn.pipeline.ImageLatentCodec;
import dmdx.nn.pipeline.PipelineExport;
import dmdx.nn.pipeline.PipelineFolder;
import dmdx.nn.pipeline.PipelineLayout;
import dmdx.nn.pipeline.PipelineLayout.Part;
import dmdx.nn.pipeline.PipelineNetworks;
import dmdx.nn.pipeline.PipelineNetworks.Unopened;
import dmdx.nn.pipeline.StudentScheduler;
import dmdx.nn.schedule.DdimSampler;
import dmdx.nn.schedule.EulerSampler;
import dmdx.nn.schedule.SchedulerConfig;
import dmdx.nn.schedule.TimestepGrid;
import dmdx.nn.schedule.VpSchedules;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.vae.AutoencoderKl;
import dmdx.nn.vae.AutoencoderKlConfig;
import dmdx.teacher.sdxl.unet.UNet2DCondition;
import dmdx.teacher.sdxl.unet.UNetConfig;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Stable Diffusion XL. */
final class SdxlTeacher implements Teacher {
  static final String UNET = "unet";

  static final PipelineLayout LAYOUT =
      new PipelineLayout(
          "SDXL",
          "StableDiffusionXLPipeline",
          List.of(
              Part.of(ClipPair.FIRST, "transformers", "CLIPTextModel"),
              Part.of(ClipPair.SECOND, "transformers", "CLIPTextModelWithProjection"),
              Part.of("tokenizer", "transformers", "CLIPTokenizer"),
              Part.of("tokenizer_2", "transformers", "CLIPTokenizer"),
              Part.of(UNET, "diffusers", "UNet2DConditionModel"),
              Part.of("vae", "diffusers", "AutoencoderKL")));

  private final PipelineFolder folder;
  private final SdxlSettings settings;
  private final SchedulerConfig scheduler;
  private final UNet2DCondition unet;
  private final SdxlConditioner conditioner;
  private final ImageLatentCodec codec;
  private final DiscreteSchedule schedule;
  private final Parameterization parameterization;
  private final PipelineNetworks networks;

  /**
   * @throws CheckpointException if the folder is no SDXL checkpoint
   */
  SdxlTeacher(PipelineFolder folder, SdxlSettings settings) {
    this.folder = folder;
    this.settings = settings;
    scheduler = SchedulerConfig.read(folder.schedulerFile());
    schedule = VpSchedules.of(scheduler);
    parameterization = parameterization(folder, scheduler);
    unet = new UNet2DCondition(UNetConfig.of(folder.config(UNET)));
    conditioner =
        new SdxlConditioner(
            new ClipPair(
                ClipFolders.encoder(folder, ClipPair.FIRST, false),
                ClipFolders.encoder(folder, ClipPair.SECOND, true)),
            ClipTokenizer.read(folder.component("tokenizer")),
            ClipTokenizer.read(folder.component("tokenizer_2")),
            settings.forceZeros(folder));
    codec =
        new ImageLatentCodec(
            AutoencoderKl.of(AutoencoderKlConfig.from(folder.config("vae"))), LAYOUT.model(), 1);
    Consistency.check(folder, unet.config(), conditioner, codec.network().config());
    networks =
        PipelineNetworks.open(
            folder,
            List.of(
                ClipFolders.unopened(ClipPair.FIRST, conditioner.clip().first()),
                ClipFolders.unopened(ClipPair.SECOND, conditioner.clip().second()),
                Unopened.of(UNET, unet),
                codec.unopened()));
  }

  private static Parameterization parameterization(
      PipelineFolder folder, SchedulerConfig scheduler) {
    return switch (scheduler.prediction()) {
      case EPSILON -> new NoisePrediction();
      case V_PREDICTION -> new VelocityPrediction();
      case SAMPLE ->
          throw new CheckpointException(
              "%s: 'prediction_type' is 'sample', expected epsilon or v_prediction. Use another teacher."
                  .formatted(folder.schedulerFile()));
    };
  }

  @Override
  public Denoiser denoiser() {
    return unet;
  }

  @Override
  public String denoiserComponent() {
    return UNET;
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
    return parameterization;
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
      case "euler" -> new EulerSampler(scheduler, steps);
      default ->
          throw new IllegalArgumentException(
              "no sampler named '%s'; sdxl has %s"
                  .formatted(name, String.join(", ", SdxlSettings.SAMPLERS)));
    };
  }

  @Override
  public String defaultSampler() {
    return settings.sampler();
  }

  @Override
  public List<String> samplers() {
    return SdxlSettings.SAMPLERS;
  }

  /** Trailing timesteps, so that the first is the noisiest: 999 for one step. */
  @Override
  public double[] studentTimesteps(int n) {
    return TimestepGrid.ofStudent(n, scheduler.trainTimesteps());
  }

  @Override
  public List<FeatureTap> taps() {
    return unet.taps();
  }

  @Override
  public GuidanceRange recommendedGuidance() {
    return new GuidanceRange(6, 8);
  }

  @Override
  public void export(
      java.nio.file.Path target,
      Map<String, Weights> replaced,
      Precision precision,
      @Nullable StudentSampling student) {
    Map<String, JsonNode> index =
        Map.of("force_zeros_for_empty_prompt", BooleanNode.valueOf(conditioner.forceZeros()));
    new PipelineExport(
            folder,
            networks.components(),
            index,
            StudentScheduler.variancePreserving(schedule.timeScale()))
        .write(target, replaced, precision, student);
  }

  @Override
  public void close() {
    networks.close();
  }
}
