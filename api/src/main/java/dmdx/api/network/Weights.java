package dmdx.api.network;

import ai.djl.ndarray.NDArray;
import java.util.Collection;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where weights come from: a file, a trainable copy, a base with a low-rank delta. */
public interface Weights {

  /** The names of all weights, in a stable order. */
  Set<String> names();

  /**
   * The weight of that name, in the shape of its {@link ParameterSpec}. It belongs to this source:
   * callers neither close nor change it.
   *
   * @throws dmdx.api.CheckpointException naming the source if there is no such weight
   */
  NDArray get(String name);

  /**
   * The parts of that weight, for layers that apply them one after the other; {@code null} if there
   * are none, or none that this source knows: {@link #get} is always the whole weight.
   */
  default @Nullable LowRank lowRank(String name) {
    return null;
  }

  /**
   * Tells that these weights are asked for next, while others are computed with: a source that has
   * them far away may begin to bring them nearer. Returns at once and changes nothing but time.
   *
   * @param names others than {@link #names} are left alone
   */
  default void expect(Collection<String> names) {}
}
