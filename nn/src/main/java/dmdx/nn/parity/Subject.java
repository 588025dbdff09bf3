package dmdx.nn.parity;

import dmdx.api.network.Weights;
import dmdx.nn.lora.LoraAdapters;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The weights a case is about. */
sealed interface Subject {

  /** The weights whose gradients a case may store. */
  Weights trained();

  /** What the network runs with when {@link #trained} collects gradients as {@code leaves}. */
  Weights effective(Weights leaves);

  /** Other weights to run with, by the ending of the outputs' names. */
  Map<String, Weights> variants(Set<String> outputs);

  /** A network's own weights. */
  record Plain(Weights trained) implements Subject {
    @Override
    public Weights effective(Weights leaves) {
      return leaves;
    }

    @Override
    public Map<String, Weights> variants(Set<String> outputs) {
      return Map.of();
    }
  }

  /**
   * Adapters over a frozen base: {@code out.<name>_base} and {@code out.<name>_weight_<factor>}.
   */
  record Adapted(Weights base, LoraAdapters adapters) implements Subject {
    private static final Pattern FACTOR = Pattern.compile(".*(_base|_weight_(\\d+(?:\\.\\d+)?))");

    @Override
    public Weights trained() {
      return adapters.weights();
    }

    @Override
    public Weights effective(Weights leaves) {
      return adapters.network().over(base, leaves);
    }

    @Override
    public Map<String, Weights> variants(Set<String> outputs) {
      Map<String, Weights> variants = new LinkedHashMap<>();
      for (String output : outputs) {
        Matcher factor = FACTOR.matcher(output);
        if (factor.matches()) {
          String number = factor.group(2);
          variants.put(
              factor.group(1),
              number == null ? base : adapters.over(base, Double.parseDouble(number)));
        }
      }
      return variants;
    }
  }
}
