package dmdx.nn.layer;

import ai.djl.ndarray.types.Shape;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import java.util.ArrayList;
import java.util.List;

/** Collects the parameters of a network, in the order its layers declare them. */
public final class Parameters {
  private final List<ParameterSpec> specs = new ArrayList<>();

  /** An empty list. */
  public Parameters() {}

  public Parameters add(String name, Initial initial, long... shape) {
    specs.add(new ParameterSpec(name, new Shape(shape), initial));
    return this;
  }

  public Parameters add(Layer... layers) {
    for (Layer layer : layers) {
      layer.declare(this);
    }
    return this;
  }

  public Parameters add(List<? extends Layer> layers) {
    layers.forEach(layer -> layer.declare(this));
    return this;
  }

  public List<ParameterSpec> list() {
    return List.copyOf(specs);
  }
}
