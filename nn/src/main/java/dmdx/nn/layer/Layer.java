package dmdx.nn.layer;

/** A part of a network that has parameters. */
public interface Layer {

  /** Adds this layer's parameters, in checkpoint order. */
  void declare(Parameters parameters);
}
