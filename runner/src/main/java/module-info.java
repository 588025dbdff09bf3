/** The command line: configuration, plugins, training stages, checkpoints and reports. */
module dmdx.runner {
  requires com.fasterxml.jackson.databind;
  requires com.google.guice;
  requires dmdx.api;
  requires dmdx.nn;
  requires info.picocli;
  requires java.desktop;
  requires static java.net.http; // of the tests alone
  requires jdk.httpserver;
  requires me.tongfei.progressbar;
  requires micrometer.core;
  requires micrometer.registry.prometheus;
  requires org.apache.commons.csv;
  requires org.bytedeco.ffmpeg;
  requires org.bytedeco.javacpp;
  requires org.knowm.xchart;
  requires org.slf4j;
  requires typesafe.config;

  uses dmdx.api.AdversarialLoss;
  uses dmdx.api.BackboneProvider;
  uses dmdx.api.DivergenceLossProvider;
  uses dmdx.api.HeadsProvider;
  uses dmdx.api.MetricProvider;
  uses dmdx.api.Parameterization;
  uses dmdx.api.TeacherProvider;
  uses dmdx.nn.parity.ReferenceCheck;
  uses dmdx.nn.parity.ReferenceNetworkProvider;

  opens dmdx.runner.stage to
      com.fasterxml.jackson.databind;
  opens dmdx.runner.cli to
      com.google.guice,
      info.picocli;
}
