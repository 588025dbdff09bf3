package dmdx.nn.clip;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dmdx.api.network.LowRank;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.text.ClipTextEncoder;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * CLIP, with the weight names of the transformers class {@code CLIPModel}.
 *
 * <p>Embeddings have length 1, so that the cosine of a picture and a prompt is their product. A
 * pass is offered the hidden states of both towers under {@code vision.} and {@code text.}.
 */
public final class ClipModel implements Network {
  private static final String SCALE = "logit_scale";

  private final ClipConfig config;
  private final ClipTextEncoder text;
  private final ClipVisionEncoder vision;
  private final Linear visualProjection;
  private final List<ParameterSpec> parameters;

  private ClipModel(ClipConfig config) {
    this.config = config;
    text = ClipTextEncoder.of(config.text());
    vision = new ClipVisionEncoder(config.vision());
    visualProjection =
        Linear.withoutBias(
            "visual_projection", config.vision().layers().width(), config.projection());
    Parameters own = new Parameters().add(SCALE, new Initial.Ones());
    text.parameters().forEach(p -> own.add(p.name(), p.initial(), p.shape().getShape()));
    parameters = own.add(vision, visualProjection).list();
  }

  public static ClipModel of(ClipConfig config) {
    return new ClipModel(config);
  }

  public ClipConfig config() {
    return config;
  }

  @Override
  public List<ParameterSpec> parameters() {
    return parameters;
  }

  /** Whether a checkpoint may hold a tensor of that name although the model has no use for it. */
  public static boolean ignores(String tensor) {
    return ClipTextEncoder.ignores(tensor) || tensor.equals("vision_model.embeddings.position_ids");
  }

  /**
   * What pictures show.
   *
   * @param pixels normalised RGB {@code [B, 3, S, S]}, see {@link dmdx.nn.data.CentreCrop} and
   *     {@link dmdx.nn.data.Normalisation#CLIP}; gradient flows to them
   * @return {@code [B, P]}, rows of length 1
   */
  public NDArray imageEmbeddings(Pass pass, NDArray pixels) {
    return unit(imageFeatures(pass, pixels));
  }

  /**
   * What prompts say.
   *
   * @param ids padded prompts {@code [T, L]}, int64
   * @return {@code [T, P]}, rows of length 1
   */
  public NDArray textEmbeddings(Pass pass, NDArray ids) {
    return unit(textFeatures(pass, ids, null));
  }

  /** {@code exp(logit_scale)}, a scalar: what PickScore multiplies the cosine with. */
  public NDArray scale(Pass pass) {
    return pass.weight(SCALE).exp();
  }

  /** The projected class token {@code [B, P]}, of any length. */
  NDArray imageFeatures(Pass pass, NDArray pixels) {
    return visualProjection.forward(pass, vision.forward(pass, pixels));
  }

  /**
   * The projected end of the text {@code [T, P]}, of any length.
   *
   * @param mask {@code [T, L]}, 0 where a token is not to be attended to; null to attend to all
   */
  NDArray textFeatures(Pass pass, NDArray ids, @Nullable NDArray mask) {
    Pass named = new TextPass(pass);
    ClipTextEncoder.Output output = text.forward(named, ids, mask);
    named.tap("last_hidden_state", output.lastHiddenState());
    named.tap("pooler_output", output.pooled());
    return Objects.requireNonNull(output.textEmbeds());
  }

  /** The rows of {@code x [B, P]}, divided by their lengths. */
  static NDArray unit(NDArray x) {
    return x.div(x.square().sum(new int[] {1}, true).sqrt());
  }

  /** Offers the text tower's hidden states under {@code text.}. */
  private record TextPass(Pass outer) implements Pass {

    @Override
    public NDManager scope() {
      return outer.scope();
    }

    @Override
    public NDArray weight(String name) {
      return outer.weight(name);
    }

    @Override
    public @Nullable LowRank lowRank(String name) {
      return outer.lowRank(name);
    }

    @Override
    public NDArray block(String name, Block block, NDArray... inputs) {
      return outer.block(name, (pass, in) -> block.forward(new TextPass(pass), in), inputs);
    }

    @Override
    public NDList multiBlock(String name, MultiBlock block, NDArray... inputs) {
      return outer.multiBlock(name, (pass, in) -> block.forward(new TextPass(pass), in), inputs);
    }

    @Override
    public NDArray group(String name, Block part, NDArray... inputs) {
      return outer.group(name, (pass, in) -> part.forward(new TextPass(pass), in), inputs);
    }

    @Override
    public NDArray tap(String name, NDArray value) {
      return outer.tap("text." + name, value);
    }
  }
}
