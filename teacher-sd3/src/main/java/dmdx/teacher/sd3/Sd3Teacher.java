package dmdx.teacher.sd3;

import dmdx.api.CheckpointException;
import dmdx.api.Component;
import dmdx.api.Conditioner;
import dmdx.api.FeatureTap;
import dmdx.api.FlowPrediction;
import dmdx.api.FlowSchedule;
import dmdx.api.GuidanceRange;
import dmdx.api.LatentCodec;
import dmdx.api.NoiseSchedule;
import dmdx.api.Parameterization;
import dmdx.api.Precision;
import dmdx.api.Sampler;
import dmdx.api.StudentSampling;
import dmdx.api.Teacher;
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
import dmdx.nn.pipeline.T5Text;
import dmdx.nn.schedule.FlowMatchConfig;
import dmdx.nn.schedule.FlowMatchEulerSampler;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.vae.AutoencoderKl;
import dmdx.nn.vae.AutoencoderKlConfig;
import dmdx.teacher.sd3.transformer.Sd3Transformer;
import dmdx.teacher.sd3.transformer.Sd3TransformerConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Stable Diffusion 3 and 3.5. */
final class Sd3Teacher implements Teacher {
  static final String TRANSFORMER = "transformer";

  /** Blocks of SD3.5 large, whose guidance is weaker than the others'. */
  private static final int LARGE = 38;

  static final PipelineLayout LAYOUT =
      new PipelineLayout(
          "SD3",
          "StableDiffusion3Pipeline",
          List.of(
              Part.of(ClipPair.FIRST, "transformers", "CLIPTextModelWithProjection"),
              Part.of(ClipPair.SECOND, "transformers", "CLIPTextModelWithProjection"),
              Part.optional(Sd3Conditioner.THIRD, "transformers", "T5EncoderModel"),
              Part.of("tokenizer", "transformers", "CLIPTokenizer"),
              Part.of("tokenizer_2", "transformers", "CLIPTokenizer"),
              Part.optional("tokenizer_3", "transformers", "T5TokenizerFast"),
              Part.of(TRANSFORMER, "diffusers", "SD3Transformer2DModel"),
              Part.of("vae", "diffusers", "AutoencoderKL")));

  private final PipelineFolder folder;
  private final Sd3Settings settings;
  private final FlowMatchConfig scheduler;
  private final Sd3Transformer transformer;
  private final Sd3Conditioner conditioner;
  private final ImageLatentCodec codec;
  private final PipelineNetworks networks;

  /**
   * @throws CheckpointException if the folder is no SD3 checkpoint
   */
  Sd3Teacher(PipelineFolder folder, Sd3Settings settings) {
    this.folder = folder;
    this.settings = settings;
    scheduler = FlowMatchConfig.read(folder.schedulerFile());
    transformer = new Sd3Transformer(Sd3TransformerConfig.of(folder.config(TRANSFORMER)));
    conditioner =
        new Sd3Conditioner(
            new ClipPair(
                ClipFolders.encoder(folder, ClipPair.FIRST, true),
                ClipFolders.encoder(folder, ClipPair.SECOND, true)),
            ClipTokenizer.read(folder.component("tokenizer")),
            ClipTokenizer.read(folder.component("tokenizer_2")),
            settings.t5() && folder.has(Sd3Conditioner.THIRD)
                ? T5Text.read(
                    folder, Sd3Conditioner.THIRD, "tokenizer_3", settings.maxSequenceLength())
                : null,
            transformer.config().contextWidth());
    codec =
        new ImageLatentCodec(
            AutoencoderKl.of(AutoencoderKlConfig.from(folder.config("vae"))),
            LAYOUT.model(),
            transformer.config().patch());
    Consistency.check(folder, transformer.config(), conditioner, codec.network().config());
    List<Unopened> unopened = new ArrayList<>();
    unopened.add(ClipFolders.unopened(ClipPair.FIRST, conditioner.clip().first()));
    unopened.add(ClipFolders.unopened(ClipPair.SECOND, conditioner.clip().second()));
    if (conditioner.third() != null) {
      unopened.add(conditioner.third().unopened());
    }
    unopened.add(Unopened.of(TRANSFORMER, transformer));
    unopened.add(codec.unopened());
    networks = PipelineNetworks.open(folder, unopened);
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
    return new FlowSchedule(scheduler.trainTimesteps());
  }

  @Override
  public Parameterization parameterization() {
    return new FlowPrediction();
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
    if (!Sd3Settings.SAMPLERS.contains(name)) {
      throw new IllegalArgumentException(
          "no sampler named '%s'; sd3 has %s"
              .formatted(name, String.join(", ", Sd3Settings.SAMPLERS)));
    }
    return new FlowMatchEulerSampler(scheduler, steps);
  }

  @Override
  public String defaultSampler() {
    return settings.sampler();
  }

  @Override
  public List<String> samplers() {
    return Sd3Settings.SAMPLERS;
  }

  /** The timesteps of the teacher's own sampler at as many steps. */
  @Override
  public double[] studentTimesteps(int n) {
    return new FlowMatchEulerSampler(scheduler, n).timesteps();
  }

  @Override
  public List<FeatureTap> taps() {
    return transformer.taps();
  }

  /** The joint attention of every block; the second attention of SD3.5-Medium stays as it is. */
  @Override
  public List<String> loraTargets() {
    return Stream.of(
            "to_q",
            "to_k",
            "to_v",
            "to_out.0",
            "add_q_proj",
            "add_k_proj",
            "add_v_proj",
            "to_add_out")
        .map(projection -> "attn." + projection)
        .toList();
  }

  @Override
  public GuidanceRange recommendedGuidance() {
    return transformer.config().layers() == LARGE
        ? new GuidanceRange(3, 4)
        : new GuidanceRange(6, 8);
  }

  /** Students step along the teacher's own timesteps, so that its scheduler is theirs. */
  @Override
  public void export(
      Path target,
      Map<String, Weights> replaced,
      Precision precision,
      @Nullable StudentSampling student) {
    new PipelineExport(folder, networks.components(), Map.of(), (own, sampling) -> own)
        .write(target, replaced, precision, student);
  }

  @Override
  public void close() {
    networks.close();
  }
}
