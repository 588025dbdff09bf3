package dmdx.nn.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Leaves;
import dmdx.nn.weights.TrainableWeights;
import java.util.function.Function;

/** Fits one network to one objective with AdamW: for what takes seconds and needs no checkpoint. */
public final class Fit implements AutoCloseable {
  private static final double CLIP = 1;

  private final TrainableWeights weights;
  private final NDManager memory;
  private final AdamW optimizer;

  /**
   * @param weights what is fitted; the caller closes them
   */
  public Fit(TrainableWeights weights, AdamW.Settings settings) {
    this.weights = weights;
    memory = weights.flat().getManager().newSubManager();
    optimizer = new AdamW(weights.flat(), settings, weights.storage(), memory);
  }

  /**
   * One step; gradients are clipped to norm 1.
   *
   * @param rate factor on the learning rate
   * @param objective the loss, a scalar, of a pass that collects gradients
   * @return the loss
   */
  @SuppressWarnings("try") // scopes are only held
  public double step(double rate, Function<Pass, NDArray> objective) {
    try (Scope scope = new Scope();
        NDManager manager = memory.newSubManager();
        Leaves leaves = weights.leaves()) {
      NDArray loss;
      try (Autograd.Mode recording = Autograd.recording()) {
        loss = objective.apply(ForwardPass.of(leaves, manager));
        Autograd.backward(loss);
      }
      NDArray gradient = leaves.gradient(manager);
      double norm = GradientClip.norm(gradient, weights.storage());
      optimizer.step(weights.flat(), gradient, GradientClip.factor(norm, CLIP), rate);
      return loss.getFloat();
    }
  }

  @Override
  public void close() {
    optimizer.close();
    memory.close();
  }
}
