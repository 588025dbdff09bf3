package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dmdx.api.Conditioning;
import dmdx.api.FeatureTap;
import dmdx.api.network.Denoiser;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Parameters;
import dmdx.nn.layer.SinusoidalEmbedding;
import dmdx.nn.layer.VectorEmbedding;
import dmdx.nn.resnet.Downsample;
import dmdx.nn.resnet.ResnetBlock;
import dmdx.nn.resnet.Upsample;
import dmdx.nn.torch.Ops;
import dmdx.teacher.sdxl.unet.UNetConfig.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The conditional U-Net: levels on the way down, a middle, the same levels on the way up, with
 * skips across.
 *
 * <p>Conditioning: {@code encoder_hidden_states [B, M, X]}, and for SDXL {@code text_embeds [B, P]}
 * and {@code time_ids [B, 6]} (original height and width, crop top and left, target height and
 * width). Any latent size works.
 */
public final class UNet2DCondition implements Denoiser {
  private static final String MID = "mid_block";

  private final UNetConfig config;
  private final Conv convIn;
  private final SinusoidalEmbedding timeSinusoid;
  private final VectorEmbedding timeEmbedding;
  private final SinusoidalEmbedding idSinusoid;
  private final @Nullable VectorEmbedding addEmbedding;
  private final List<DownBlock> down = new ArrayList<>();
  private final MidBlock mid;
  private final List<UpBlock> up = new ArrayList<>();
  private final GroupNorm normOut;
  private final Conv convOut;
  private final List<ParameterSpec> parameters;

  public UNet2DCondition(UNetConfig config) {
    this.config = config;
    int width = config.channels(0);
    convIn = Conv.same("conv_in", config.inChannels(), width, config.convInKernel());
    timeSinusoid = new SinusoidalEmbedding(width, config.cosineFirst(), config.frequencyShift());
    timeEmbedding = new VectorEmbedding("time_embedding", width, config.timeWidth());
    idSinusoid =
        new SinusoidalEmbedding(
            config.timeIdWidth(), config.cosineFirst(), config.frequencyShift());
    addEmbedding =
        config.hasAddition()
            ? new VectorEmbedding("add_embedding", config.additionWidth(), config.timeWidth())
            : null;
    int n = config.levels().size();
    for (int i = 0; i < n; i++) {
      down.add(downBlock(i));
    }
    mid = midBlock();
    for (int i = 0; i < n; i++) {
      up.add(upBlock(i));
    }
    normOut = new GroupNorm("conv_norm_out", width, config.groups(), config.eps());
    convOut = Conv.same("conv_out", width, config.outChannels(), config.convOutKernel()).zero();
    parameters = declare();
  }

  private List<ParameterSpec> declare() {
    Parameters all = new Parameters().add(convIn, timeEmbedding);
    if (addEmbedding != null) {
      all.add(addEmbedding);
    }
    return all.add(down).add(mid).add(up).add(normOut, convOut).list();
  }

  public UNetConfig config() {
    return config;
  }

  @Override
  public List<ParameterSpec> parameters() {
    return parameters;
  }

  /**
   * @param t timesteps {@code [B]} or {@code [1]}, fractions allowed
   */
  @Override
  public NDArray forward(Pass pass, NDArray x, NDArray t, Conditioning conditioning) {
    NDArray context = conditioning.get("encoder_hidden_states");
    NDArray emb = embedding(pass, t, conditioning);
    Deque<NDArray> skips = new ArrayDeque<>();

    NDArray h =
        pass.tap(convIn.name(), pass.block(convIn.name(), (p, in) -> convIn.forward(p, in[0]), x));
    skips.push(h);
    for (DownBlock block : down) {
      h = block.forward(pass, h, emb, context, skips);
    }
    h = mid.forward(pass, h, emb, context);
    for (UpBlock block : up) {
      h = block.forward(pass, h, emb, context, skips);
    }
    return pass.block(
        convOut.name(), (p, in) -> convOut.forward(p, Ops.silu(normOut.forward(p, in[0]))), h);
  }

  /** {@code [B, E]}, before its activation. */
  private NDArray embedding(Pass pass, NDArray t, Conditioning conditioning) {
    if (addEmbedding == null) {
      return pass.block(timeEmbedding.name(), (p, in) -> time(p, in[0]), t);
    }
    VectorEmbedding addition = addEmbedding;
    return pass.block(
        timeEmbedding.name(),
        (p, in) -> time(p, in[0]).add(addition.forward(p, textAndIds(p, in[1], in[2]))),
        t,
        conditioning.get("text_embeds"),
        conditioning.get("time_ids"));
  }

  private NDArray time(Pass pass, NDArray t) {
    NDArray sinusoid = timeSinusoid.forward(Ops.cast(t, DataType.FLOAT32));
    return timeEmbedding.forward(pass, pass.tap("time_proj", sinusoid));
  }

  /** The pooled text {@code [B, P]}, then the sinusoids of all time ids. */
  private NDArray textAndIds(Pass pass, NDArray textEmbeds, NDArray timeIds) {
    NDArray flat = Ops.cast(timeIds, DataType.FLOAT32).reshape(-1);
    NDArray sinusoid = pass.tap("add_time_proj", idSinusoid.forward(flat));
    return textEmbeds.concat(sinusoid.reshape(timeIds.getShape().get(0), -1), 1);
  }

  private DownBlock downBlock(int level) {
    String name = "down_blocks." + level;
    int out = config.channels(level);
    List<UNetLayer> layers = new ArrayList<>();
    for (int j = 0; j < config.layersPerBlock().get(level); j++) {
      int in = j > 0 ? out : config.channels(Math.max(level - 1, 0));
      layers.add(layer(name, j, in, level, config.levels().get(level).attendsDown()));
    }
    boolean last = level == config.levels().size() - 1;
    return new DownBlock(
        name,
        layers,
        last ? null : new Downsample(name + ".downsamplers.0", out, Downsample.Padding.SYMMETRIC));
  }

  private MidBlock midBlock() {
    int last = config.levels().size() - 1;
    int c = config.channels(last);
    return new MidBlock(
        new UNetLayer(resnet(MID, 0, c, c), transformer(MID, 0, last)),
        new UNetLayer(resnet(MID, 1, c, c), null));
  }

  /** Up block {@code i} belongs to level {@code n - 1 - i}. */
  private UpBlock upBlock(int i) {
    int level = config.levels().size() - 1 - i;
    String name = "up_blocks." + i;
    int out = config.channels(level);
    int count = config.layersPerBlock().get(level) + 1;
    List<UNetLayer> layers = new ArrayList<>();
    for (int j = 0; j < count; j++) {
      int hidden = j > 0 ? out : config.channels(Math.min(level + 1, config.levels().size() - 1));
      int skip = j < count - 1 ? out : config.channels(Math.max(level - 1, 0));
      layers.add(layer(name, j, hidden + skip, level, config.levels().get(level).attendsUp()));
    }
    return new UpBlock(name, layers, level == 0 ? null : new Upsample(name + ".upsamplers.0", out));
  }

  private UNetLayer layer(String block, int j, int in, int level, boolean attends) {
    Level at = config.levels().get(level);
    return new UNetLayer(
        resnet(block, j, in, at.channels()), attends ? transformer(block, j, level) : null);
  }

  private ResnetBlock resnet(String block, int j, int in, int out) {
    return new ResnetBlock(
        block + ".resnets." + j, in, out, config.groups(), config.eps(), config.timeWidth());
  }

  private Transformer2D transformer(String block, int j, int level) {
    Level at = config.levels().get(level);
    return new Transformer2D(
        block + ".attentions." + j,
        at.channels(),
        at.transformerLayers(),
        at.heads(),
        config.contextWidth(),
        config.groups(),
        config.linearProjection());
  }

  /** The output of the last ResNet of each down, middle and up block, in network order. */
  public List<FeatureTap> taps() {
    List<FeatureTap> taps = new ArrayList<>();
    int n = config.levels().size();
    for (int level = 0; level < n; level++) {
      List<UNetLayer> layers = down.get(level).layers();
      taps.add(tap(layers.get(layers.size() - 1), level));
    }
    taps.add(tap(mid.second(), n - 1));
    for (int i = 0; i < n; i++) {
      List<UNetLayer> layers = up.get(i).layers();
      taps.add(tap(layers.get(layers.size() - 1), n - 1 - i));
    }
    return List.copyOf(taps);
  }

  private static FeatureTap tap(UNetLayer layer, int level) {
    return new FeatureTap(layer.resnet().name(), layer.resnet().out(), 1 << level, 2);
  }
}
