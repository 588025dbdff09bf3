package dmdx.nn.lora;

import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.settings.Names;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which modules are adapted, and how.
 *
 * @param rank width r of the adapters, at least 1
 * @param alpha the delta is scaled by {@code alpha / rank}
 * @param targets patterns: t stands for the module of path t and for all whose path ends with
 *     {@code .t}
 */
public record LoraConfig(int rank, double alpha, List<String> targets) {

  public LoraConfig {
    if (rank < 1) {
      throw new IllegalArgumentException("rank is %d, expected at least 1".formatted(rank));
    }
    if (!Double.isFinite(alpha)) {
      throw new IllegalArgumentException("alpha is %s, expected a number".formatted(alpha));
    }
    targets = List.copyOf(targets);
    if (targets.isEmpty()) {
      throw new IllegalArgumentException("targets is empty, expected at least one module");
    }
  }

  /** Whether one of the targets stands for the module. */
  boolean selects(String module) {
    return targets.stream().anyMatch(target -> matches(target, module));
  }

  static boolean matches(String pattern, String module) {
    return module.equals(pattern) || module.endsWith("." + pattern);
  }

  /** One sentence for each target that stands for nothing that can be adapted; usually none. */
  public List<String> problems(Network base) {
    Set<String> adaptable = LoraNetwork.matrices(base).keySet();
    Set<String> all = new LinkedHashSet<>();
    for (ParameterSpec parameter : base.parameters()) {
      all.add(parameter.name().replaceFirst("\\.[^.]*$", ""));
    }
    List<String> problems = new ArrayList<>();
    for (String target : targets) {
      if (adaptable.stream().anyMatch(module -> matches(target, module))) {
        continue;
      }
      problems.add(
          all.stream().anyMatch(module -> matches(target, module))
              ? "target '%s' has no weight matrix; only linear layers and convolutions can be adapted."
                  .formatted(target)
              : "target '%s' is no module of the network.%s"
                  .formatted(target, Names.hint(target, endings(target, adaptable))));
    }
    return problems;
  }

  /** The module paths and their last parts, as many parts as the target has, or one more. */
  private static Collection<String> endings(String target, Set<String> modules) {
    int parts = target.split("\\.", -1).length;
    Set<String> endings = new LinkedHashSet<>();
    for (int count = parts; count <= parts + 1; count++) {
      for (String module : modules) {
        String[] path = module.split("\\.", -1);
        int from = Math.max(0, path.length - count);
        endings.add(String.join(".", List.of(path).subList(from, path.length)));
      }
    }
    return endings;
  }
}
