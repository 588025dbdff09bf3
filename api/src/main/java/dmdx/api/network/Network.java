package dmdx.api.network;

import java.util.List;

/** An architecture: the names and shapes of its weights. It holds no tensor. */
public interface Network {

  /** Every parameter, in network order, under its checkpoint name. Names are unique. */
  List<ParameterSpec> parameters();

  /** The number of trainable scalars in {@link #parameters()}, without allocating any. */
  default long parameterCount() {
    return parameters().stream()
        .filter(ParameterSpec::trainable)
        .mapToLong(p -> p.shape().size())
        .sum();
  }
}
