package dmdx.nn.schedule;

import ai.djl.ndarray.NDArray;
import dmdx.nn.torch.Scope;

/**
 * The states of a sampler, one after another: each step frees what it made and the state before.
 */
final class Trajectory {
  private Trajectory() {}

  /** From one state to the next. */
  @FunctionalInterface
  interface Step {
    /**
     * @param i number of the step, from 0
     */
    NDArray from(NDArray x, int i);
  }

  /**
   * @param start the first state, left open
   * @return the last state, owned by the manager of {@code start}
   */
  static NDArray follow(NDArray start, int steps, Step step) {
    NDArray x = start;
    for (int i = 0; i < steps; i++) {
      NDArray next;
      try (Scope scope = new Scope()) {
        next = step.from(x, i);
        next.attach(start.getManager());
        scope.keep(next);
      }
      if (x != start) {
        x.close();
      }
      x = next;
    }
    return x;
  }
}
