package dmdx.teacher.sd3.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dmdx.api.Conditioning;
import dmdx.api.FeatureTap;
import dmdx.api.network.Denoiser;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Modulation;
import dmdx.nn.layer.Parameters;
import dmdx.nn.layer.SinusoidalEmbedding;
import dmdx.nn.layer.VectorEmbedding;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.List;

/**
 * The multimodal diffusion transformer, with the weight names of the diffusers class {@code
 * SD3Transformer2DModel}: patches of the latent and text tokens attend to each other in every
 * block, modulated by timestep and pooled text.
 *
 * <p>Conditioning: {@code encoder_hidden_states [B, M, X]} and {@code pooled_projections [B, P]}.
 * Latent sizes are multiples of p up to p times the side of the table of positions.
 */
public final class Sd3Transformer implements Denoiser {
  private static final int SINUSOID_WIDTH = 256;
  private static final String TIME_TEXT = "time_text_embed";

  private final Sd3TransformerConfig config;
  private final PatchEmbedding patches;
  private final SinusoidalEmbedding sinusoid = new SinusoidalEmbedding(SINUSOID_WIDTH, true, 0);
  private final VectorEmbedding time;
  private final VectorEmbedding pooled;
  private final Linear context;
  private final List<JointTransformerBlock> blocks = new ArrayList<>();
  private final Modulation normOut;
  private final Linear projectOut;
  private final List<ParameterSpec> parameters;

  public Sd3Transformer(Sd3TransformerConfig config) {
    this.config = config;
    int width = config.width();
    patches = new PatchEmbedding("pos_embed", config);
    time = new VectorEmbedding(TIME_TEXT + ".timestep_embedder", SINUSOID_WIDTH, width);
    pooled = new VectorEmbedding(TIME_TEXT + ".text_embedder", config.pooledWidth(), width);
    context = Linear.of("context_embedder", config.contextWidth(), width);
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(
          new JointTransformerBlock(
              "transformer_blocks." + i,
              config,
              config.dualLayers().contains(i),
              i == config.layers() - 1));
    }
    normOut = new Modulation("norm_out", width, width, 2);
    projectOut =
        Linear.zero("proj_out", width, config.patch() * config.patch() * config.outChannels());
    parameters =
        new Parameters()
            .add(patches, time, pooled, context)
            .add(blocks)
            .add(normOut, projectOut)
            .list();
  }

  public Sd3TransformerConfig config() {
    return config;
  }

  @Override
  public List<ParameterSpec> parameters() {
    return parameters;
  }

  /**
   * @param t timesteps {@code 1000 sigma}, {@code [B]}, fractions allowed
   */
  @Override
  public NDArray forward(Pass pass, NDArray x, NDArray t, Conditioning conditioning) {
    long rows = x.getShape().get(2) / config.patch();
    long columns = x.getShape().get(3) / config.patch();
    NDArray image =
        pass.tap(
            patches.name(), pass.block(patches.name(), (p, in) -> patches.forward(p, in[0]), x));
    NDArray text =
        pass.tap(
            context.name(),
            pass.block(
                context.name(),
                (p, in) -> context.forward(p, in[0]),
                conditioning.get("encoder_hidden_states")));
    NDArray s =
        pass.block(
            TIME_TEXT,
            (p, in) -> Ops.silu(embedding(p, in[0], in[1])),
            t,
            conditioning.get("pooled_projections"));

    long n = rows * columns;
    NDArray tokens = image.concat(text, 1);
    for (JointTransformerBlock block : blocks) {
      tokens = pass.block(block.name(), (p, in) -> block.forward(p, in[0], in[1], n), tokens, s);
      pass.tap(block.name(), map(Ops.slice(tokens, 1, 0, n), rows, columns));
    }
    return pass.block(
        projectOut.name(), (p, in) -> output(p, in[0], in[1], rows, columns), tokens, s);
  }

  /** {@code [B, D]}, before its activation. */
  private NDArray embedding(Pass pass, NDArray t, NDArray pooledText) {
    NDArray waves = sinusoid.forward(Ops.cast(t, DataType.FLOAT32));
    NDArray timed = time.forward(pass, pass.tap(TIME_TEXT + ".time_proj", waves));
    return pass.tap(TIME_TEXT, timed.add(pooled.forward(pass, pooledText)));
  }

  /** Patches side by side; unlike on the way in, channels are the fastest index of a patch. */
  private NDArray output(Pass pass, NDArray x, NDArray s, long rows, long columns) {
    NDArray[] m = normOut.forward(pass, s); // scale, then shift
    NDArray y =
        pass.tap(
            normOut.name(),
            Modulation.apply(Ops.layerNorm(x, Sd3TransformerConfig.EPS), m[0], m[1]));
    int p = config.patch();
    int channels = config.outChannels();
    return projectOut
        .forward(pass, y)
        .reshape(x.getShape().get(0), rows, columns, p, p, channels)
        .transpose(0, 5, 1, 3, 2, 4)
        .reshape(x.getShape().get(0), channels, rows * p, columns * p);
  }

  /** {@code [B, N, D] -> [B, D, h, w]}. */
  private NDArray map(NDArray x, long rows, long columns) {
    return x.transpose(0, 2, 1).reshape(x.getShape().get(0), config.width(), rows, columns);
  }

  /** The image tokens after every block. */
  public List<FeatureTap> taps() {
    return blocks.stream()
        .map(block -> new FeatureTap(block.name(), config.width(), config.patch(), 2))
        .toList();
  }
}
