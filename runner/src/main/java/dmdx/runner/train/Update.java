package dmdx.runner.train;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * One kind of optimizer step.
 *
 * @param name what metrics call it
 * @param roles names of the roles it changes, together
 * @param every it runs in iterations that are multiples of this number
 * @param from first iteration it runs in
 * @param until first iteration it no longer runs in
 * @param objective what it minimises
 */
public record Update(
    String name, List<String> roles, int every, long from, long until, Objective objective) {

  public Update {
    roles = List.copyOf(roles);
    if (roles.isEmpty() || every < 1 || from < 0 || until < from) {
      throw new IllegalArgumentException(
          "update '%s': roles %s, every %d, from %d, until %d"
              .formatted(name, roles, every, from, until));
    }
  }

  /** An update that runs in every iteration. */
  public static Update always(String name, String role, Objective objective) {
    return new Update(name, List.of(role), 1, 0, Long.MAX_VALUE, objective);
  }

  boolean isDue(long iteration) {
    return iteration >= from && iteration < until && iteration % every == 0;
  }

  /** What an update minimises. */
  @FunctionalInterface
  public interface Objective {
    /**
     * @return a scalar; autograd is recording, and weights obtained from {@link Iteration#pass} of
     *     the update's own roles collect gradients
     */
    NDArray loss(Iteration iteration);
  }
}
