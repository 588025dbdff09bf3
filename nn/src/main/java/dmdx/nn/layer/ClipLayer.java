package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Ops;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One layer of CLIP's text and vision transformers: {@code x += attention(layer_norm1(x)); x +=
 * fc2(act(fc1(layer_norm2(x))))}.
 *
 * @param name module path
 * @param sizes what it shares with its neighbours
 */
public record ClipLayer(String name, Sizes sizes) implements Layer {

  /**
   * What the layers of a tower have in common.
   *
   * @param width D
   * @param feedForward width of the feed-forward layers
   * @param layers number of layers in the tower
   * @param heads divides the width
   * @param activation of the feed-forward layers
   * @param eps of every norm
   */
  public record Sizes(
      int width, int feedForward, int layers, int heads, Activation activation, double eps) {

    /** The tower's layers, {@code prefix + "0"} and so on. */
    public List<ClipLayer> tower(String prefix) {
      List<ClipLayer> tower = new ArrayList<>();
      for (int i = 0; i < layers; i++) {
        tower.add(new ClipLayer(prefix + i, this));
      }
      return tower;
    }
  }

  @Override
  public void declare(Parameters parameters) {
    parameters.add(projection("q"), projection("k"), projection("v"), out());
    parameters.add(norm("layer_norm1"), fc1(), fc2(), norm("layer_norm2"));
  }

  /**
   * The layer in which every token sees all.
   *
   * @param x {@code [B, L, D]}
   * @return {@code [B, L, D]}
   */
  public NDArray forward(Pass pass, NDArray x) {
    return forward(pass, x, null, false);
  }

  /**
   * The layer in which a token sees no later one.
   *
   * @param x {@code [B, L, D]}
   * @param mask added to the attention scores {@code [B, 1, L, L]}, causal itself; {@code null} for
   *     plain causal attention
   * @return {@code [B, L, D]}
   */
  public NDArray causal(Pass pass, NDArray x, @Nullable NDArray mask) {
    return forward(pass, x, mask, true);
  }

  private NDArray forward(Pass pass, NDArray x, @Nullable NDArray mask, boolean causal) {
    NDArray y = norm("layer_norm1").forward(pass, x);
    NDArray q = Ops.splitHeads(projection("q").forward(pass, y), sizes.heads());
    NDArray k = Ops.splitHeads(projection("k").forward(pass, y), sizes.heads());
    NDArray v = Ops.splitHeads(projection("v").forward(pass, y), sizes.heads());
    NDArray mixed =
        causal && mask == null ? Ops.causalAttention(q, k, v) : Ops.attention(q, k, v, mask, null);
    NDArray attended = x.add(out().forward(pass, Ops.mergeHeads(mixed)));
    NDArray hidden = fc1().forward(pass, norm("layer_norm2").forward(pass, attended));
    return attended.add(fc2().forward(pass, sizes.activation().of(hidden)));
  }

  private LayerNorm norm(String part) {
    return new LayerNorm(name + "." + part, sizes.width(), sizes.eps());
  }

  private Linear projection(String part) {
    return Linear.of(name + ".self_attn." + part + "_proj", sizes.width(), sizes.width());
  }

  private Linear out() {
    return residual(name + ".self_attn.out_proj", sizes.width());
  }

  private Linear fc1() {
    return Linear.of(name + ".mlp.fc1", sizes.width(), sizes.feedForward());
  }

  private Linear fc2() {
    return residual(name + ".mlp.fc2", sizes.feedForward());
  }

  /** What is added to the stream starts small, so that 2 N such sums keep its variance. */
  private Linear residual(String path, int in) {
    double std = 1 / Math.sqrt(2.0 * sizes.layers() * in);
    return new Linear(path, in, sizes.width(), true, new Initial.Normal(std));
  }
}
