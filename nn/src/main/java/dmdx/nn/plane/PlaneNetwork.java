package dmdx.nn.plane;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioning;
import dmdx.api.FeatureTap;
import dmdx.api.network.Denoiser;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.layer.SinusoidalEmbedding;
import dmdx.nn.optim.AdamW;
import dmdx.nn.optim.Fit;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A perceptron on a point and its time: layers {@code layers.0 … layers.depth} with SiLU between
 * them; each hidden one is a tap.
 *
 * @param width width of the hidden layers
 * @param depth number of hidden layers
 */
public record PlaneNetwork(int width, int depth) implements Denoiser {
  private static final SinusoidalEmbedding TIME = new SinusoidalEmbedding(32, true, 0);
  private static final int ROWS = 512;

  private List<Linear> hidden() {
    List<Linear> layers = new ArrayList<>();
    for (int i = 0; i < depth; i++) {
      layers.add(Linear.of("layers." + i, i == 0 ? 2 + TIME.width() : width, width));
    }
    return layers;
  }

  private Linear last() {
    return Linear.of("layers." + depth, width, 2);
  }

  /** The hidden vectors. */
  public List<FeatureTap> taps() {
    return hidden().stream().map(layer -> new FeatureTap(layer.name(), width, 1, 0)).toList();
  }

  @Override
  public List<ParameterSpec> parameters() {
    return new Parameters().add(hidden()).add(last()).list();
  }

  /**
   * @param x {@code [B, 2]}
   * @return {@code [B, 2]}
   */
  @Override
  public NDArray forward(Pass pass, NDArray x, NDArray t, Conditioning conditioning) {
    NDArray h = x.concat(TIME.forward(t), 1);
    for (Linear layer : hidden()) {
      h = pass.tap(layer.name(), Ops.silu(layer.forward(pass, h)));
    }
    return last().forward(pass, h);
  }

  /**
   * Weights that make this network predict what another does, at times in [0, horizon] and points
   * that are Gaussian around the origin; the same for the same arguments.
   *
   * @param spread standard deviation of the points
   * @param steps steps of 512 points
   */
  public TrainableWeights fit(
      Denoiser target, double horizon, double spread, int steps, NDManager manager) {
    TrainableWeights weights = TrainableWeights.initialised(this, 0, manager);
    Conditioning none = new Conditioning(Map.of());
    try (Fit fit = new Fit(weights, new AdamW.Settings(2e-3, 0.9, 0.99, 1e-8, 0))) {
      for (int i = 0; i < steps; i++) {
        Noise noise = Noise.of("fit", i);
        fit.step(
            1 - i / (double) steps,
            pass -> {
              NDArray x = Ops.times(noise.gaussian(pass.scope(), new Shape(ROWS, 2)), spread);
              NDArray t = Ops.constant(x, times(noise, horizon), new Shape(ROWS));
              NDArray error = forward(pass, x, t, none).sub(target.forward(pass, x, t, none));
              return error.square().mean();
            });
      }
    }
    return weights;
  }

  private static float[] times(Noise noise, double horizon) {
    float[] t = new float[ROWS];
    for (int i = 0; i < ROWS; i++) {
      t[i] = (float) (horizon * noise.uniform());
    }
    return t;
  }
}
