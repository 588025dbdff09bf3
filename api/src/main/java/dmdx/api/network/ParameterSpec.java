package dmdx.api.network;

import ai.djl.ndarray.types.Shape;
import java.util.function.Supplier;

/**
 * One parameter of a network.
 *
 * @param name its name in the checkpoint
 * @param shape its shape there
 * @param initial how a network trained from scratch starts it
 */
public record ParameterSpec(String name, Shape shape, Initial initial) {

  /** How a parameter starts. */
  public sealed interface Initial {
    /** All zeros: biases, output layers. */
    record Zeros() implements Initial {}

    /** All ones: norm scales. */
    record Ones() implements Initial {}

    /**
     * Gaussian with mean 0.
     *
     * @param std standard deviation
     */
    record Normal(double std) implements Initial {}

    /**
     * Follows from the configuration and is never trained: a table that checkpoints store.
     *
     * @param values all elements, row by row; computed anew at every call
     */
    record Fixed(Supplier<float[]> values) implements Initial {}
  }

  /** Whether training may change it. */
  public boolean trainable() {
    return !(initial instanceof Initial.Fixed);
  }

  /** A weight whose inputs number {@code fanIn}: Gaussian with variance {@code 1 / fanIn}. */
  public static Initial fanIn(long fanIn) {
    return new Initial.Normal(1 / Math.sqrt((double) fanIn));
  }
}
