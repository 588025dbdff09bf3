package dmdx.teacher.cogvideox.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioning;
import dmdx.api.FeatureTap;
import dmdx.api.network.Denoiser;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Modulation;
import dmdx.nn.layer.Parameters;
import dmdx.nn.layer.SinusoidalEmbedding;
import dmdx.nn.layer.VectorEmbedding;
import dmdx.nn.torch.Ops;
import dmdx.teacher.cogvideox.transformer.CogVideoXTransformerConfig.Positions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The video diffusion transformer, with the weight names of the diffusers class {@code
 * CogVideoXTransformer3DModel}: text and the patches of all frames are one sequence, modulated by
 * the timestep.
 *
 * <p>Conditioning: {@code encoder_hidden_states [B, M, X]}. Latents are {@code [B, C, T, H, W]},
 * unlike the diffusers class's, which have frames before channels; p divides H and W.
 */
public final class CogVideoXTransformer implements Denoiser {
  /** The discriminator looks at every third block, the last included. */
  private static final int TAP_INTERVAL = 3;

  private final CogVideoXTransformerConfig config;
  private final SinusoidalEmbedding sinusoid;
  private final VectorEmbedding time;
  private final PatchEmbedding patches;
  private final List<CogVideoXBlock> blocks = new ArrayList<>();
  private final LayerNorm normFinal;
  private final AdaptiveNorm normOut;
  private final Linear projectOut;
  private final List<ParameterSpec> parameters;

  public CogVideoXTransformer(CogVideoXTransformerConfig config) {
    this.config = config;
    int width = config.width();
    int p = config.patch();
    sinusoid = new SinusoidalEmbedding(width, config.cosineFirst(), config.frequencyShift());
    time = new VectorEmbedding("time_embedding", width, config.timeWidth());
    patches = new PatchEmbedding("patch_embed", config);
    for (int i = 0; i < config.layers(); i++) {
      blocks.add(new CogVideoXBlock("transformer_blocks." + i, config));
    }
    normFinal = new LayerNorm("norm_final", width, config.eps());
    normOut = new AdaptiveNorm("norm_out", config, 2);
    projectOut = Linear.zero("proj_out", width, p * p * config.outChannels());
    parameters =
        new Parameters().add(patches, time).add(blocks).add(normFinal, normOut, projectOut).list();
  }

  public CogVideoXTransformerConfig config() {
    return config;
  }

  @Override
  public List<ParameterSpec> parameters() {
    return parameters;
  }

  /**
   * @throws IllegalArgumentException if the size of the latents or, with sine positions, the length
   *     of the text does not suit the network
   */
  @Override
  public NDArray forward(Pass pass, NDArray x, NDArray t, Conditioning conditioning) {
    TokenGrid grid = grid(x.getShape());
    Rotation rotation =
        config.positions() instanceof Positions.Rotary trained
            ? Rotation.of(x, trained, config.headWidth(), grid)
            : null;
    return forward(pass, x, t, conditioning, grid, rotation);
  }

  /** With given rotary tables, null for a network with sine positions. */
  NDArray forward(
      Pass pass,
      NDArray x,
      NDArray t,
      Conditioning conditioning,
      TokenGrid grid,
      @Nullable Rotation rotation) {
    NDArray context = conditioning.get("encoder_hidden_states");
    long m = context.getShape().get(1);
    if (config.positions() instanceof Positions.Added && m != config.textLength()) {
      throw new IllegalArgumentException(
          "%d text tokens, expected max_text_seq_length %d".formatted(m, config.textLength()));
    }
    NDArray s = pass.block(time.name(), (p, in) -> Ops.silu(embedding(p, in[0])), t);
    NDArray tokens =
        pass.block(patches.name(), (p, in) -> patches.forward(p, in[0], in[1], grid), x, context);
    for (CogVideoXBlock block : blocks) {
      tokens =
          rotation == null
              ? pass.block(
                  block.name(), (p, in) -> block.forward(p, in[0], in[1], m, null), tokens, s)
              : pass.block(
                  block.name(),
                  (p, in) -> block.forward(p, in[0], in[1], m, new Rotation(in[2], in[3])),
                  tokens,
                  s,
                  rotation.cos(),
                  rotation.sin());
      pass.tap(block.name(), grid.map(CogVideoXBlock.video(tokens, m)));
    }
    return pass.block(projectOut.name(), (p, in) -> output(p, in[0], in[1], m, grid), tokens, s);
  }

  /** The tokens of latents {@code [B, C, T, H, W]}. */
  TokenGrid grid(Shape latents) {
    int p = config.patch();
    if (latents.dimension() != 5
        || latents.get(1) != config.inChannels()
        || latents.get(3) % p != 0
        || latents.get(4) % p != 0) {
      throw new IllegalArgumentException(
          "latents are %s, expected [B, %d, T, H, W] with H and W multiples of %d"
              .formatted(latents, config.inChannels(), p));
    }
    return new TokenGrid(
        Math.toIntExact(latents.get(2)),
        Math.toIntExact(latents.get(3) / p),
        Math.toIntExact(latents.get(4) / p));
  }

  /** {@code [B, E]}, before its activation. */
  private NDArray embedding(Pass pass, NDArray t) {
    NDArray waves = sinusoid.forward(Ops.cast(t, DataType.FLOAT32));
    return time.forward(pass, pass.tap("time_proj", waves));
  }

  /** Channels are the slowest index of a patch. */
  private NDArray output(Pass pass, NDArray tokens, NDArray s, long m, TokenGrid grid) {
    NDArray all = normFinal.forward(pass, tokens);
    NDArray video = CogVideoXBlock.video(all, m);
    // the reference normalises the text too in networks with rotary positions
    pass.tap(normFinal.name(), config.positions() instanceof Positions.Rotary ? all : video);
    NDArray[] v = normOut.vectors(pass, s); // shift, then scale
    NDArray y = Modulation.apply(normOut.normalise(pass, video), v[1], v[0]);
    int p = config.patch();
    long batch = tokens.getShape().get(0);
    long height = (long) grid.rows() * p;
    long width = (long) grid.columns() * p;
    return projectOut
        .forward(pass, pass.tap(normOut.name(), y))
        .reshape(batch, grid.frames(), grid.rows(), grid.columns(), config.outChannels(), p, p)
        .transpose(0, 4, 1, 2, 5, 3, 6)
        .reshape(batch, config.outChannels(), grid.frames(), height, width);
  }

  /** The video tokens after every third block. */
  public List<FeatureTap> taps() {
    int last = config.layers() - 1;
    return blocks.stream()
        .filter(block -> (last - blocks.indexOf(block)) % TAP_INTERVAL == 0)
        .map(block -> new FeatureTap(block.name(), config.width(), config.patch(), 3))
        .toList();
  }
}
