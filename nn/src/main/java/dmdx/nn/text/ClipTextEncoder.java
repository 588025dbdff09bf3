package dmdx.nn.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.ClipLayer;
import dmdx.nn.layer.Embedding;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The text transformer of CLIP, with the weight names of the transformers classes {@code
 * CLIPTextModel} and {@code CLIPTextModelWithProjection}.
 *
 * <p>A pass offers the hidden states {@code hidden_states.0 … hidden_states.N}: the embeddings and
 * the output of each layer, without the final norm.
 */
public final class ClipTextEncoder implements Network {
  private static final String EMBEDDINGS = "text_model.embeddings";
  private static final String POSITIONS = EMBEDDINGS + ".position_embedding.weight";

  private final ClipTextConfig config;
  private final Embedding tokens;
  private final List<ClipLayer> layers;
  private final LayerNorm finalNorm;
  private final Linear projection;
  private final List<ParameterSpec> parameters;

  private ClipTextEncoder(ClipTextConfig config) {
    this.config = config;
    tokens = new Embedding(EMBEDDINGS + ".token_embedding", config.vocabulary(), config.width());
    layers = config.layerSizes().tower("text_model.encoder.layers.");
    finalNorm = new LayerNorm("text_model.final_layer_norm", config.width(), config.eps());
    projection = Linear.withoutBias("text_projection", config.width(), config.projection());

    Parameters all = new Parameters();
    all.add(tokens).add(POSITIONS, new Initial.Normal(0.01), config.positions(), config.width());
    all.add(layers).add(finalNorm);
    if (config.projection() > 0) {
      all.add(projection);
    }
    parameters = all.list();
  }

  public static ClipTextEncoder of(ClipTextConfig config) {
    return new ClipTextEncoder(config);
  }

  public ClipTextConfig config() {
    return config;
  }

  @Override
  public List<ParameterSpec> parameters() {
    return parameters;
  }

  /** Whether a checkpoint may hold a tensor of that name although the encoder has no use for it. */
  public static boolean ignores(String tensor) {
    return tensor.equals(EMBEDDINGS + ".position_ids");
  }

  /**
   * What the encoder says about a batch of prompts.
   *
   * @param hiddenStates 0 … N, each {@code [B, L, D]}
   * @param lastHiddenState the last of them after the final norm {@code [B, L, D]}
   * @param pooled its row at the end of the text {@code [B, D]}
   * @param textEmbeds the projection of {@code pooled}, {@code [B, P]}; null without projection
   */
  public record Output(
      List<NDArray> hiddenStates,
      NDArray lastHiddenState,
      NDArray pooled,
      @Nullable NDArray textEmbeds) {

    /** Hidden state N-1, which SDXL and SD3 condition on: {@code [B, L, D]}, without final norm. */
    public NDArray penultimate() {
      return penultimate(0);
    }

    /**
     * Hidden state {@code N-1-clipSkip}.
     *
     * @param clipSkip further layers to leave out
     * @return {@code [B, L, D]}
     * @throws IllegalArgumentException if there are not so many
     */
    public NDArray penultimate(int clipSkip) {
      int index = hiddenStates.size() - 2 - clipSkip;
      if (clipSkip < 0 || index < 0) {
        throw new IllegalArgumentException(
            "clip skip is %d, expected 0 to %d for an encoder of %d layers"
                .formatted(clipSkip, hiddenStates.size() - 2, hiddenStates.size() - 1));
      }
      return hiddenStates.get(index);
    }
  }

  /**
   * @param ids {@code [B, L]}, int64, {@code L <= positions}
   * @param mask {@code [B, L]}, int64, 0 where a token is not to be attended to; null to attend to
   *     all, as diffusion models do
   */
  public Output forward(Pass pass, NDArray ids, @Nullable NDArray mask) {
    long[] host = read(ids);
    int length = (int) ids.getShape().get(1);
    NDArray scores = mask == null ? null : causalMask(mask, ids);

    List<NDArray> states = new ArrayList<>();
    NDArray x = pass.tap("hidden_states.0", pass.block(EMBEDDINGS, this::embed, ids));
    states.add(x);
    for (ClipLayer layer : layers) {
      x =
          scores == null
              ? pass.block(layer.name(), (p, in) -> layer.causal(p, in[0], null), x)
              : pass.block(layer.name(), (p, in) -> layer.causal(p, in[0], in[1]), x, scores);
      x = pass.tap("hidden_states." + states.size(), x);
      states.add(x);
    }
    NDArray last = pass.block(finalNorm.name(), (p, in) -> finalNorm.forward(p, in[0]), x);
    long[] positions = ends(host, length);
    NDArray ends = Ops.constant(ids, positions, new Shape(positions.length));
    NDArray pooled = Ops.indexSelect(last.reshape(-1, config.width()), 0, ends);
    NDArray projected = config.projection() > 0 ? projection.forward(pass, pooled) : null;
    return new Output(List.copyOf(states), last, pooled, projected);
  }

  private NDArray embed(Pass pass, NDArray... ids) {
    long length = ids[0].getShape().get(1);
    return tokens.forward(pass, ids[0]).add(Ops.slice(pass.weight(POSITIONS), 0, 0, length));
  }

  private long[] read(NDArray ids) {
    Shape shape = ids.getShape();
    if (shape.dimension() != 2
        || shape.get(1) < 1
        || shape.get(1) > config.positions()
        || ids.getDataType() != DataType.INT64) {
      throw new IllegalArgumentException(
          "token ids are %s of type %s, expected [B, L] of type int64 with L at most %d"
              .formatted(shape, ids.getDataType(), config.positions()));
    }
    long[] host = ids.toLongArray();
    for (long id : host) {
      if (id < 0 || id >= config.vocabulary()) {
        throw new IllegalArgumentException(
            "token id %d is not in the encoder's vocabulary of %d; use the tokenizer of its checkpoint"
                .formatted(id, config.vocabulary()));
      }
    }
    return host;
  }

  /** Where each row's text ends, as an index into all B L positions. */
  private long[] ends(long[] ids, int length) {
    long[] ends = new long[ids.length / length];
    for (int row = 0; row < ends.length; row++) {
      int start = row * length;
      int end = start;
      for (int i = start; i < start + length; i++) {
        if (config.endToken() == ClipTextConfig.LARGEST_ID) {
          end = ids[i] > ids[end] ? i : end;
        } else if (ids[i] == config.endToken()) {
          end = i;
          break;
        }
      }
      ends[row] = end;
    }
    return ends;
  }

  /** The most negative float32 where a position may not look: at later ones and masked ones. */
  private static NDArray causalMask(NDArray mask, NDArray ids) {
    if (!mask.getShape().equals(ids.getShape())) {
      throw new IllegalArgumentException(
          "attention mask is %s, expected %s as the token ids"
              .formatted(mask.getShape(), ids.getShape()));
    }
    int rows = (int) ids.getShape().get(0);
    int length = (int) ids.getShape().get(1);
    long[] keep;
    try (NDArray host = mask.toType(DataType.INT64, true)) {
      keep = host.toLongArray();
    }
    float[] scores = new float[rows * length * length];
    for (int row = 0; row < rows; row++) {
      for (int query = 0; query < length; query++) {
        for (int key = 0; key < length; key++) {
          if (key > query || keep[row * length + key] == 0) {
            scores[(row * length + query) * length + key] = -Float.MAX_VALUE;
          }
        }
      }
    }
    return Ops.constant(ids, scores, new Shape(rows, 1, length, length));
  }
}
