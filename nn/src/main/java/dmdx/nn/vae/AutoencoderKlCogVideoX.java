package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.List;

/**
 * The causal video autoencoder of CogVideoX, with the weight names of the diffusers class {@code
 * AutoencoderKLCogVideoX} (folder {@code vae} of a checkpoint).
 *
 * <p>A video passes in chunks of 8 frames, its latents in chunks of 2, the first chunk longer by
 * the remainder. Norms see one chunk, convolutions see the end of the chunk before. Chunks follow
 * one another, so that without gradients the memory needed hardly grows with the length.
 */
public final class AutoencoderKlCogVideoX implements Autoencoder {
  private static final double EPS = 1e-6;
  private static final int ENCODED_TOGETHER = 8;
  private static final int DECODED_TOGETHER = 2;
  private static final int TIME = 2;

  private final AutoencoderKlCogVideoXConfig config;
  private final List<ParameterSpec> parameters;

  private final CausalConv encoderIn;
  private final List<VideoLevel> down = new ArrayList<>();
  private final VideoLevel encoderMid;
  private final VideoNorm encoderNorm;
  private final CausalConv encoderOut;

  private final CausalConv decoderIn;
  private final VideoLevel decoderMid;
  private final List<VideoLevel> up = new ArrayList<>();
  private final VideoNorm decoderNorm;
  private final CausalConv decoderOut;

  private AutoencoderKlCogVideoX(AutoencoderKlCogVideoXConfig c) {
    config = c;
    int last = c.levels() - 1;
    int z = c.latentChannels();
    VideoNorms plain = new VideoNorms(c.groups(), c.normEps(), 0);
    VideoNorms spatial = new VideoNorms(c.groups(), EPS, z);

    encoderIn = new CausalConv("encoder.conv_in", c.inChannels(), c.width(0));
    encoderMid = VideoLevel.middle("encoder.mid_block", c.deepest(), plain);
    encoderNorm = new VideoNorms(c.groups(), EPS, 0).at("encoder.norm_out", c.deepest());
    encoderOut = new CausalConv("encoder.conv_out", c.deepest(), 2 * z);

    decoderIn = new CausalConv("decoder.conv_in", z, c.deepest());
    decoderMid = VideoLevel.middle("decoder.mid_block", c.deepest(), spatial);
    decoderNorm = spatial.at("decoder.norm_out", c.width(0));
    decoderOut = new CausalConv("decoder.conv_out", c.width(0), c.outChannels());

    for (int i = 0; i <= last; i++) {
      int finer = c.width(Math.max(i - 1, 0));
      int coarser = c.width(Math.min(last - i + 1, last));
      Level.Resize halve = i < last ? Level.Resize.HALVE : Level.Resize.NONE;
      Level.Resize twice = i < last ? Level.Resize.DOUBLE : Level.Resize.NONE;
      boolean time = c.changesTime(i);
      String encoder = "encoder.down_blocks." + i;
      String decoder = "decoder.up_blocks." + i;
      down.add(new VideoLevel(encoder, finer, c.width(i), c.layers(), plain, halve, time));
      up.add(
          new VideoLevel(
              decoder, coarser, c.width(last - i), c.layers() + 1, spatial, twice, time));
    }

    parameters =
        new Parameters()
            .add(encoderIn)
            .add(down)
            .add(encoderMid, encoderNorm, encoderOut, decoderIn, decoderMid)
            .add(up)
            .add(decoderNorm, decoderOut)
            .list();
  }

  public static AutoencoderKlCogVideoX of(AutoencoderKlCogVideoXConfig config) {
    return new AutoencoderKlCogVideoX(config);
  }

  @Override
  public AutoencoderKlCogVideoXConfig config() {
    return config;
  }

  @Override
  public List<ParameterSpec> parameters() {
    return parameters;
  }

  /**
   * Encodes a video.
   *
   * @param pixels {@code [B, 3, F, H, W]}, float32, in [-1, 1]; H and W at least {@link
   *     AutoencoderSettings#downscale}
   * @return mean and unclamped logarithm of the variance {@code [B, 2 Z, T, h, w]}; {@code T = (F -
   *     1) / r + 1} for {@code F = k r + 1}, with r the temporal compression
   */
  @Override
  public NDArray encodeMoments(Pass pass, NDArray pixels) {
    requireVideo("pixels", pixels, config.inChannels(), config.downscale());
    return inChunks(pass, "encoder", pixels, ENCODED_TOGETHER, this::encodeChunk);
  }

  private NDArray encodeChunk(Pass pass, CausalCache cache, NDArray pixels) {
    ChunkPass chunk = new ChunkPass(pass, cache, null);
    NDArray x = first(chunk, encoderIn, pixels);
    for (VideoLevel level : down) {
      x = chunk.group(level.name(), level::forward, x);
    }
    x = chunk.group(encoderMid.name(), encoderMid::forward, x);
    return last(chunk, encoderNorm, encoderOut, x);
  }

  /**
   * Decodes latents.
   *
   * @param latents {@code [B, Z, T, h, w]}, float32, {@link #unscale unscaled}
   * @return pixels {@code [B, 3, F, h downscale, w downscale]}, about [-1, 1], not clamped; {@code
   *     F = (T - 1) r + 1} for odd T and {@code T r} for even T, with r the temporal compression
   */
  @Override
  public NDArray decode(Pass pass, NDArray latents) {
    requireVideo("latents", latents, config.latentChannels(), 1);
    return inChunks(pass, "decoder", latents, DECODED_TOGETHER, this::decodeChunk);
  }

  private NDArray decodeChunk(Pass pass, CausalCache cache, NDArray latents) {
    ChunkPass chunk = new ChunkPass(pass, cache, latents);
    NDArray x = first(chunk, decoderIn, latents);
    x = chunk.group(decoderMid.name(), decoderMid::forward, x);
    for (VideoLevel level : up) {
      x = chunk.group(level.name(), level::forward, x);
    }
    return last(chunk, decoderNorm, decoderOut, x);
  }

  private static NDArray first(ChunkPass chunk, CausalConv conv, NDArray x) {
    NDArray wide = chunk.block(conv.name(), conv::forward, x);
    return chunk.tap(conv.name(), wide);
  }

  private static NDArray last(ChunkPass chunk, VideoNorm norm, CausalConv conv, NDArray x) {
    NDArray normed = chunk.block(norm.name(), (c, u) -> Ops.silu(norm.forward(c, u)), x);
    return chunk.block(conv.name(), conv::forward, normed);
  }

  private interface Half {
    NDArray forward(Pass pass, CausalCache cache, NDArray chunk);
  }

  /** Runs chunk by chunk; only finished chunks and the cache outlive a chunk. */
  private static NDArray inChunks(Pass pass, String name, NDArray x, int size, Half half) {
    return pass.group(
        name,
        (p, whole) -> {
          NDList finished = new NDList();
          try (CausalCache cache = CausalCache.ofClip()) {
            for (FrameRange range : FrameRange.chunks(whole[0].getShape().get(TIME), size)) {
              NDArray chunk = Ops.slice(whole[0], TIME, range.from(), range.to());
              finished.add(p.group(name, (q, in) -> half.forward(q, cache, in[0]), chunk));
            }
          }
          return finished.size() == 1 ? finished.head() : NDArrays.concat(finished, TIME);
        },
        x);
  }

  private static void requireVideo(String what, NDArray x, int channels, int smallest) {
    Shape shape = x.getShape();
    if (shape.dimension() != 5
        || shape.get(1) != channels
        || shape.get(TIME) < 1
        || shape.get(3) < smallest
        || shape.get(4) < smallest) {
      throw new IllegalArgumentException(
          "%s are %s, expected [B, %d, T, H, W] with a frame or more, H and W at least %d"
              .formatted(what, shape, channels, smallest));
    }
  }
}
