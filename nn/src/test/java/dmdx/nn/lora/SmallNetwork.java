package dmdx.nn.lora;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.LayerNorm;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.util.List;
import java.util.Set;

/** Convolutions and linear layers, one of which is used twice. */
final class SmallNetwork implements Network {
  private final Conv down = Conv.of("down.conv", 3, 8, 3, 2, 1);
  private final Conv proj = Conv.same("proj_in", 8, 6, 1);
  private final LayerNorm norm = new LayerNorm("block.norm", 6, 1e-5);
  private final Linear query = Linear.withoutBias("block.attn.to_q", 6, 6);
  private final Linear out = Linear.of("block.attn.to_out.0", 6, 4);

  static final List<String> ALL = List.of("conv", "proj_in", "to_q", "to_out.0");

  @Override
  public List<ParameterSpec> parameters() {
    return new Parameters().add(down, proj, norm, query, out).list();
  }

  /**
   * @param x {@code [B, 3, H, W]}
   * @return {@code [B, H/2 W/2, 4]}
   */
  NDArray forward(Pass pass, NDArray x) {
    return pass.block(
        "block",
        (p, in) -> {
          NDArray h = proj.forward(p, Ops.silu(down.forward(p, in[0])));
          Shape s = h.getShape();
          NDArray tokens = h.reshape(s.get(0), s.get(1), -1).transpose(0, 2, 1);
          NDArray q = query.forward(p, norm.forward(p, tokens));
          return out.forward(p, query.forward(p, Ops.silu(q)));
        },
        x);
  }

  NDArray forward(Weights weights, NDArray x, NDManager scope) {
    return forward(ForwardPass.of(weights, scope), x);
  }

  /** Adapters none of which is zero. */
  static TrainableWeights random(LoraNetwork network, long seed, NDManager manager) {
    TrainableWeights weights = TrainableWeights.initialised(network, seed, manager);
    try (NDArray values = Noise.of(seed, "adapters").gaussian(manager, weights.flat().getShape())) {
      values.muli(0.3f);
      Ops.copy(weights.flat(), values);
    }
    return weights;
  }

  /** The same weights, without a word on their parts. */
  static Weights whole(Weights weights) {
    return new Weights() {
      @Override
      public Set<String> names() {
        return weights.names();
      }

      @Override
      public NDArray get(String name) {
        return weights.get(name);
      }
    };
  }
}
