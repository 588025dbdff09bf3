/** The building blocks of networks: torch operations, layers, weights, text encoders, codecs. */
module dmdx.nn {
  requires transitive com.fasterxml.jackson.databind;
  requires transitive dmdx.api;
  requires transitive java.desktop;
  requires ai.djl.pytorch_engine;
  requires com.sun.jna;
  requires org.apache.commons.compress;
  requires org.jsoup;
  requires org.slf4j;

  exports dmdx.nn.backbone;
  exports dmdx.nn.classify;
  exports dmdx.nn.clip;
  exports dmdx.nn.contract;
  exports dmdx.nn.data;
  exports dmdx.nn.dryrun;
  exports dmdx.nn.heads;
  exports dmdx.nn.layer;
  exports dmdx.nn.lora;
  exports dmdx.nn.optim;
  exports dmdx.nn.parity;
  exports dmdx.nn.perceptual;
  exports dmdx.nn.pipeline;
  exports dmdx.nn.resnet;
  exports dmdx.nn.schedule;
  exports dmdx.nn.text;
  exports dmdx.nn.torch;
  exports dmdx.nn.vae;
  exports dmdx.nn.plane;
  exports dmdx.nn.weights;

  uses dmdx.nn.parity.ReferenceCheck;
  uses dmdx.nn.parity.ReferenceNetworkProvider;

  provides dmdx.nn.parity.ReferenceCheck with
      dmdx.nn.data.CentreCropReference,
      dmdx.nn.perceptual.LpipsReference,
      dmdx.nn.schedule.CogVideoXDpmReference,
      dmdx.nn.schedule.DdimReference,
      dmdx.nn.schedule.EulerReference,
      dmdx.nn.schedule.FlowMatchEulerReference,
      dmdx.nn.text.ClipTokenizerReference,
      dmdx.nn.text.T5TokenizerReference;
  provides dmdx.nn.parity.ReferenceNetworkProvider with
      dmdx.nn.clip.ClipReference,
      dmdx.nn.text.ClipTextReference,
      dmdx.nn.text.T5Reference,
      dmdx.nn.vae.AutoencoderKlReference;
}
