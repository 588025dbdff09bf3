package dmdx.runner.stage;

import ai.djl.ndarray.NDManager;
import dmdx.api.Precision;
import dmdx.api.network.Weights;
import dmdx.nn.weights.ComputeWeights;

/**
 * Where networks compute, and in which precision: weights go there through this.
 *
 * @param machine its device computes
 * @param streamsFrozen whether frozen weights stay with the host and are brought to the device
 *     block by block
 */
record Compute(NDManager machine, Precision precision, boolean streamsFrozen) {

  /** What a run's settings say. */
  static Compute of(RunSettings settings, NDManager machine) {
    return new Compute(machine, settings.precision(), settings.memory().offloadsFrozen());
  }

  /** Weights that are not trained, such as a checkpoint's. */
  Weights frozen(Weights weights) {
    return streamsFrozen
        ? ComputeWeights.streamed(weights, precision, machine)
        : ComputeWeights.of(weights, precision, machine);
  }

  /** Weights that are trained; a conversion is made whenever one is used. */
  Weights trained(Weights weights) {
    return ComputeWeights.of(weights, precision, machine);
  }

  /** Trained weights that compute in float32 whatever the precision: adapters, heads. */
  Weights exact(Weights weights) {
    return ComputeWeights.of(weights, Precision.FP32, machine);
  }

  Compute in(Precision other) {
    return new Compute(machine, other, streamsFrozen);
  }
}
