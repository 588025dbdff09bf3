package dmdx.nn.lora;

import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Weights;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The adapters of a base network: {@code <module>.lora_A.weight [r, in]}, random, and {@code
 * <module>.lora_B.weight [out, r]}, zero, so that training starts at the base. Its weights are
 * trained and stored like those of any other network.
 */
public final class LoraNetwork implements Network {
  private static final String WEIGHT = ".weight";

  private final List<LoraModule> modules;

  LoraNetwork(List<LoraModule> modules) {
    this.modules = List.copyOf(modules);
  }

  /**
   * @throws IllegalArgumentException with all {@link LoraConfig#problems}
   */
  public static LoraNetwork of(Network base, LoraConfig config) {
    List<String> problems = config.problems(base);
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join(System.lineSeparator(), problems));
    }
    List<LoraModule> modules = new ArrayList<>();
    matrices(base)
        .forEach(
            (name, weight) -> {
              if (config.selects(name)) {
                modules.add(new LoraModule(name, weight, config.rank(), config.alpha()));
              }
            });
    return new LoraNetwork(modules);
  }

  /** The weights that can be adapted, by module path, in network order. */
  static Map<String, Shape> matrices(Network base) {
    Map<String, Shape> matrices = new LinkedHashMap<>();
    for (ParameterSpec parameter : base.parameters()) {
      String name = parameter.name();
      if (name.endsWith(WEIGHT) && parameter.shape().dimension() >= 2 && parameter.trainable()) {
        matrices.put(name.substring(0, name.length() - WEIGHT.length()), parameter.shape());
      }
    }
    return matrices;
  }

  /** The adapted layers, in the order of the base network. */
  public List<LoraModule> modules() {
    return modules;
  }

  /** A starts with the variance {@code 1 / (3 fan-in)}, as is usual; B with zeros. */
  @Override
  public List<ParameterSpec> parameters() {
    List<ParameterSpec> parameters = new ArrayList<>();
    for (LoraModule module : modules) {
      Shape down = module.down();
      double std = Math.sqrt((double) module.rank() / (3.0 * down.size()));
      parameters.add(new ParameterSpec(module.downName(), down, new Initial.Normal(std)));
      parameters.add(new ParameterSpec(module.upName(), module.up(), new Initial.Zeros()));
    }
    return parameters;
  }

  /**
   * The base's weights with the adapters' deltas. Gradients reach the adapters if these collect
   * them, and the base only if the base does.
   *
   * @param adapters weights of this network
   */
  public Weights over(Weights base, Weights adapters) {
    return over(base, adapters, 1);
  }

  /**
   * The same with all deltas multiplied by {@code factor}; 0 gives the base.
   *
   * @see #over(Weights, Weights)
   */
  public Weights over(Weights base, Weights adapters, double factor) {
    return factor == 0 ? base : new LoraWeights(modules, base, adapters, factor);
  }
}
