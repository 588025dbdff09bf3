package dmdx.nn.parity;

import dmdx.nn.weights.ModelConfig;

/**
 * Builds the networks of one architecture for comparison with reference values. A service: the
 * implementing class has a public constructor without arguments.
 */
public interface ReferenceNetworkProvider {

  /** Whether {@code config} describes this architecture; never throws for another's config. */
  boolean accepts(ModelConfig config);

  /**
   * @throws dmdx.api.CheckpointException if the configuration is wrong or not supported
   */
  ReferenceNetwork build(ModelConfig config);

  /**
   * Builds the network of a case whose reference made choices that its configuration does not tell,
   * such as the version of a formula.
   *
   * @param facts the case's {@code case.json}; empty if it has none
   * @throws dmdx.api.CheckpointException if the configuration or a fact is wrong or not supported
   */
  default ReferenceNetwork build(ModelConfig config, ModelConfig facts) {
    return build(config);
  }
}
