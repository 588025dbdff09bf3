/** Worked examples. {@code dmdx.examples.fashion} prepares a complete one on small pictures. */
module dmdx.examples {
  requires dmdx.api;
  requires dmdx.nn;
  requires info.picocli;

  opens dmdx.examples.fashion to
      info.picocli;

  uses dmdx.api.BackboneProvider;
  uses dmdx.nn.parity.ReferenceNetworkProvider;
}
