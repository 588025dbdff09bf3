/** Metrics of samples. Everything is found as a service. */
module dmdx.metrics {
  requires dmdx.api;
  requires dmdx.nn;
  requires ejml.core;
  requires ejml.ddense;

  provides dmdx.api.MetricProvider with
      dmdx.metrics.AttributesProvider,
      dmdx.metrics.ClipScoreProvider,
      dmdx.metrics.FrechetProvider,
      dmdx.metrics.HpsProvider,
      dmdx.metrics.LpipsProvider,
      dmdx.metrics.PickScoreProvider,
      dmdx.metrics.PlaneProvider;
}
