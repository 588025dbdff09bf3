/**
 * What a plugin implements and the value types it exchanges with the framework.
 *
 * <p>Everything here is small: no network, no file format and no command line. A plugin author
 * reads this module, and {@code dmdx.nn} for the building blocks.
 */
module dmdx.api {
  requires transitive ai.djl.api;
  requires transitive typesafe.config;
  requires static transitive org.jspecify;

  exports dmdx.api;
  exports dmdx.api.network;
  exports dmdx.api.settings;

  uses dmdx.api.Parameterization;

  provides dmdx.api.Parameterization with
      dmdx.api.NoisePrediction,
      dmdx.api.VelocityPrediction,
      dmdx.api.FlowPrediction;
}
