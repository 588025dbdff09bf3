package dmdx.nn.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Parameters;
import dmdx.nn.layer.RmsNorm;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The encoder of T5, with the weight names of the transformers class {@code T5EncoderModel}.
 *
 * <p>A pass offers {@code position_bias [1, h, L, L]} and the hidden states {@code hidden_states.0
 * … hidden_states.N}: the embeddings and the output of each block, without the final norm.
 */
public final class T5Encoder implements Network {
  private static final String TOKENS = "shared.weight";
  private static final String TOKENS_AGAIN = "encoder.embed_tokens.weight";
  private static final String BIAS =
      "encoder.block.0.layer.0.SelfAttention.relative_attention_bias";

  private final T5Config config;
  private final List<T5Layer> layers = new ArrayList<>();
  private final RmsNorm finalNorm;
  private final List<ParameterSpec> parameters;

  private T5Encoder(T5Config config) {
    this.config = config;
    for (int i = 0; i < config.layers(); i++) {
      layers.add(new T5Layer("encoder.block." + i, config));
    }
    finalNorm = new RmsNorm("encoder.final_layer_norm", config.width(), config.eps());
    parameters =
        new Parameters()
            .add(TOKENS, new Initial.Normal(1), config.vocabulary(), config.width())
            .add(
                BIAS + ".weight",
                ParameterSpec.fanIn(config.width()),
                config.buckets(),
                config.heads())
            .add(layers)
            .add(finalNorm)
            .list();
  }

  public static T5Encoder of(T5Config config) {
    return new T5Encoder(config);
  }

  public T5Config config() {
    return config;
  }

  @Override
  public List<ParameterSpec> parameters() {
    return parameters;
  }

  /** The name that a file may use for a tensor, by the name in {@link #parameters}. */
  public static Map<String, String> aliases() {
    return Map.of(TOKENS, TOKENS_AGAIN);
  }

  /**
   * Whether a checkpoint may hold a tensor of that name although the encoder has no use for it: a
   * second copy of the embeddings, or the decoder.
   */
  public static boolean ignores(String tensor) {
    return tensor.equals(TOKENS_AGAIN)
        || tensor.equals("lm_head.weight")
        || tensor.startsWith("decoder.");
  }

  /**
   * @param ids {@code [B, L]}, int64
   * @param mask {@code [B, L]}, int64, 0 where a token is not to be attended to; null to attend to
   *     all, as diffusion models do
   * @return last hidden state after the final norm, {@code [B, L, D]}
   */
  public NDArray forward(Pass pass, NDArray ids, @Nullable NDArray mask) {
    require(ids);
    NDArray x = pass.block(TOKENS, (p, in) -> Ops.embedding(p.weight(TOKENS), in[0]), ids);
    return encode(pass, x, mask);
  }

  /**
   * As {@link #forward}, from embeddings.
   *
   * @param embeddings {@code [B, L, D]}
   * @return {@code [B, L, D]}
   */
  public NDArray encode(Pass pass, NDArray embeddings, @Nullable NDArray mask) {
    int length = (int) embeddings.getShape().get(1);
    NDArray x = pass.tap("hidden_states.0", embeddings);
    NDArray bias = pass.block(BIAS, (p, in) -> bias(p, in[0], length), x);
    bias = pass.tap("position_bias", bias);
    if (mask != null) {
      bias = bias.add(scores(mask, x));
    }
    for (int i = 0; i < layers.size(); i++) {
      T5Layer layer = layers.get(i);
      x = pass.block(layer.name(), (p, in) -> layer.forward(p, in[0], in[1]), x, bias);
      x = pass.tap("hidden_states." + (i + 1), x);
    }
    return pass.block(finalNorm.name(), (p, in) -> finalNorm.forward(p, in[0]), x);
  }

  /** What is added to all blocks' scores for the distance of key and query. */
  private NDArray bias(Pass pass, NDArray like, int length) {
    long[] buckets = new long[length * length];
    for (int query = 0; query < length; query++) {
      for (int key = 0; key < length; key++) {
        buckets[query * length + key] = config.bucket(key - query);
      }
    }
    NDArray ids = Ops.constant(like, buckets, new Shape(length, length));
    return Ops.embedding(pass.weight(BIAS + ".weight"), ids)
        .transpose(2, 0, 1)
        .reshape(1, config.heads(), length, length);
  }

  /** The most negative float32 at masked keys: {@code [B, 1, 1, L]}. */
  private static NDArray scores(NDArray mask, NDArray like) {
    Shape expected = like.getShape().slice(0, 2);
    if (!mask.getShape().equals(expected)) {
      throw new IllegalArgumentException(
          "attention mask is %s, expected %s as the tokens".formatted(mask.getShape(), expected));
    }
    long[] keep;
    try (NDArray host = mask.toType(DataType.INT64, true)) {
      keep = host.toLongArray();
    }
    float[] scores = new float[keep.length];
    for (int i = 0; i < keep.length; i++) {
      scores[i] = keep[i] == 0 ? -Float.MAX_VALUE : 0;
    }
    return Ops.constant(like, scores, new Shape(expected.get(0), 1, 1, expected.get(1)));
  }

  private void require(NDArray ids) {
    Shape shape = ids.getShape();
    if (shape.dimension() != 2 || shape.get(1) < 1 || ids.getDataType() != DataType.INT64) {
      throw new IllegalArgumentException(
          "token ids are %s of type %s, expected [B, L] of type int64"
              .formatted(shape, ids.getDataType()));
    }
    for (long id : ids.toLongArray()) {
      if (id < 0 || id >= config.vocabulary()) {
        throw new IllegalArgumentException(
            "token id %d is not in the encoder's vocabulary of %d; use the tokenizer of its checkpoint"
                .formatted(id, config.vocabulary()));
      }
    }
  }
}
