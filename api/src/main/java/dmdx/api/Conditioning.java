package dmdx.api;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * Named tensors a denoiser is conditioned on; axis 0 is the batch in each.
 *
 * @param tensors by name, for instance {@code encoder_hidden_states [B, N, D]}, {@code text_embeds
 *     [B, D]}, {@code time_ids [B, 6]}; the names are the teacher's own
 */
public record Conditioning(Map<String, NDArray> tensors) {

  public Conditioning {
    tensors = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
  }

  /** The tensor of that name, {@code [B, …]}. */
  public NDArray get(String name) {
    NDArray tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "no conditioning named '%s'; there are %s".formatted(name, tensors.keySet()));
    }
    return tensor;
  }

  /** Number of rows B. */
  public int rows() {
    return (int) tensors.values().iterator().next().getShape().get(0);
  }

  /** This above {@code other}, {@code [B1 + B2, …]}: the batch of a guided evaluation. */
  public Conditioning concat(Conditioning other) {
    return map((name, x) -> x.concat(other.get(name), 0));
  }

  /** All rows of {@code parts}, in order: {@code [B1 + B2 + …, …]}. */
  public static Conditioning concatAll(List<Conditioning> parts) {
    return parts
        .get(0)
        .map(
            (name, x) ->
                NDArrays.concat(new NDList(parts.stream().map(p -> p.get(name)).toList()), 0));
  }

  /**
   * The same conditioning with every tensor replaced.
   *
   * @param function gives tensors of as many rows as it takes
   */
  public Conditioning map(UnaryOperator<NDArray> function) {
    return map((name, x) -> function.apply(x));
  }

  private Conditioning map(java.util.function.BiFunction<String, NDArray, NDArray> function) {
    Map<String, NDArray> mapped = new LinkedHashMap<>();
    tensors.forEach((name, x) -> mapped.put(name, function.apply(name, x)));
    return new Conditioning(mapped);
  }
}
