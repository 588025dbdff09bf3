package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.GroupNorm;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The image autoencoder of latent diffusion models, with the weight names of the diffusers class
 * {@code AutoencoderKL} (folder {@code vae} of a checkpoint).
 *
 * <p>The encoder maps pixels in [-1, 1] to the moments of a Gaussian over latents, the decoder
 * latents to pixels. Both take and return latents as they are; {@link #scale} and {@link #unscale}
 * convert to and from what the diffusion model sees.
 */
public final class AutoencoderKl implements Autoencoder {
  static final double EPS = 1e-6;

  private final AutoencoderKlConfig config;
  private final List<ParameterSpec> parameters;

  private final Conv encoderIn;
  private final List<Level> down = new ArrayList<>();
  private final MidBlock encoderMid;
  private final GroupNorm encoderNorm;
  private final Conv encoderOut;
  private final Conv quant;

  private final Conv postQuant;
  private final Conv decoderIn;
  private final MidBlock decoderMid;
  private final List<Level> up = new ArrayList<>();
  private final GroupNorm decoderNorm;
  private final Conv decoderOut;

  private AutoencoderKl(AutoencoderKlConfig c) {
    config = c;
    int last = c.levels() - 1;
    int z = c.latentChannels();

    encoderIn = Conv.same("encoder.conv_in", c.inChannels(), c.width(0), 3);
    encoderMid = new MidBlock("encoder.mid_block", c.deepest(), c.groups(), c.midAttention());
    encoderNorm = new GroupNorm("encoder.conv_norm_out", c.deepest(), c.groups(), EPS);
    encoderOut = Conv.same("encoder.conv_out", c.deepest(), 2 * z, 3);
    quant = Conv.same("quant_conv", 2 * z, 2 * z, 1);

    postQuant = Conv.same("post_quant_conv", z, z, 1);
    decoderIn = Conv.same("decoder.conv_in", z, c.deepest(), 3);
    decoderMid = new MidBlock("decoder.mid_block", c.deepest(), c.groups(), c.midAttention());
    decoderNorm = new GroupNorm("decoder.conv_norm_out", c.width(0), c.groups(), EPS);
    decoderOut = Conv.same("decoder.conv_out", c.width(0), c.outChannels(), 3);

    for (int i = 0; i <= last; i++) {
      int finer = c.width(Math.max(i - 1, 0));
      int coarser = c.width(Math.min(last - i + 1, last));
      Level.Resize halve = i < last ? Level.Resize.HALVE : Level.Resize.NONE;
      Level.Resize twice = i < last ? Level.Resize.DOUBLE : Level.Resize.NONE;
      String encoder = "encoder.down_blocks." + i;
      String decoder = "decoder.up_blocks." + i;
      down.add(new Level(encoder, finer, c.width(i), c.layers(), c.groups(), halve));
      up.add(new Level(decoder, coarser, c.width(last - i), c.layers() + 1, c.groups(), twice));
    }

    Parameters all = new Parameters();
    all.add(encoderIn).add(down).add(encoderMid, encoderNorm, encoderOut);
    all.add(decoderIn).add(up).add(decoderMid, decoderNorm, decoderOut);
    if (c.quantConv()) {
      all.add(quant);
    }
    if (c.postQuantConv()) {
      all.add(postQuant);
    }
    parameters = all.list();
  }

  public static AutoencoderKl of(AutoencoderKlConfig config) {
    return new AutoencoderKl(config);
  }

  @Override
  public AutoencoderKlConfig config() {
    return config;
  }

  @Override
  public List<ParameterSpec> parameters() {
    return parameters;
  }

  @Override
  public Map<String, String> aliases() {
    Map<String, String> aliases = new LinkedHashMap<>();
    for (MidBlock mid : List.of(encoderMid, decoderMid)) {
      String attention = mid.attention().name() + ".";
      MidAttention.formerNames()
          .forEach(
              (now, before) -> {
                for (String kind : List.of(".weight", ".bias")) {
                  aliases.put(attention + now + kind, attention + before + kind);
                }
              });
    }
    return config.midAttention() ? aliases : Map.of();
  }

  /**
   * Encodes images.
   *
   * @param pixels {@code [B, 3, H, W]}, float32, in [-1, 1]; H and W at least {@link
   *     AutoencoderKlConfig#downscale}
   * @return mean and unclamped logarithm of the variance {@code [B, 2 Z, h, w]} with {@code h =
   *     floor(H / downscale)}; {@link #mean} and {@link #logVariance} take them apart
   */
  @Override
  public NDArray encodeMoments(Pass pass, NDArray pixels) {
    requireImage("pixels", pixels, config.inChannels(), config.downscale());
    NDArray x = pass.block(encoderIn.name(), (p, in) -> encoderIn.forward(p, in[0]), pixels);
    x = pass.tap(encoderIn.name(), x);
    for (Level level : down) {
      x = pass.group(level.name(), (p, in) -> level.forward(p, in[0]), x);
    }
    x = pass.group(encoderMid.name(), (p, in) -> encoderMid.forward(p, in[0]), x);
    return pass.block("encoder.conv_out", this::moments, x);
  }

  private NDArray moments(Pass pass, NDArray... x) {
    NDArray moments = encoderOut.forward(pass, Ops.silu(encoderNorm.forward(pass, x[0])));
    moments = pass.tap(encoderOut.name(), moments);
    return config.quantConv() ? pass.tap(quant.name(), quant.forward(pass, moments)) : moments;
  }

  /**
   * Decodes latents.
   *
   * @param latents {@code [B, Z, h, w]}, float32, {@link #unscale unscaled}
   * @return pixels {@code [B, 3, h downscale, w downscale]}, about [-1, 1], not clamped
   */
  @Override
  public NDArray decode(Pass pass, NDArray latents) {
    requireImage("latents", latents, config.latentChannels(), 1);
    NDArray x = pass.block(decoderIn.name(), this::wide, latents);
    x = pass.group(decoderMid.name(), (p, in) -> decoderMid.forward(p, in[0]), x);
    for (Level level : up) {
      x = pass.group(level.name(), (p, in) -> level.forward(p, in[0]), x);
    }
    return pass.block(
        decoderOut.name(),
        (p, in) -> decoderOut.forward(p, Ops.silu(decoderNorm.forward(p, in[0]))),
        x);
  }

  private NDArray wide(Pass pass, NDArray... latents) {
    NDArray z = latents[0];
    if (config.postQuantConv()) {
      z = pass.tap(postQuant.name(), postQuant.forward(pass, z));
    }
    return pass.tap(decoderIn.name(), decoderIn.forward(pass, z));
  }

  private static void requireImage(String what, NDArray x, int channels, int smallest) {
    Shape shape = x.getShape();
    if (shape.dimension() != 4
        || shape.get(1) != channels
        || shape.get(2) < smallest
        || shape.get(3) < smallest) {
      throw new IllegalArgumentException(
          "%s are %s, expected [B, %d, H, W] with H and W at least %d"
              .formatted(what, shape, channels, smallest));
    }
  }
}
