package dmdx.nn.parity;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import java.util.Map;

/** A network under the argument names of its reference implementation. */
public interface ReferenceNetwork extends Network {

  /**
   * @param pass supplies the weights and takes the hidden states
   * @param inputs by argument name, without {@code in.}
   * @return outputs by name, without {@code out.}; more than a case stores are allowed
   */
  Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs);

  /** The name a weights file may use instead, by the name in {@link #parameters}. */
  default Map<String, String> aliases() {
    return Map.of();
  }

  /** Whether a tensor of the weights file that the network does not name may be skipped. */
  default boolean ignores(String tensorName) {
    return false;
  }
}
