package dmdx.nn.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;

/**
 * Frees every tensor made on this thread while it is open, whichever manager owns it, except those
 * handed out with {@link #keep}. Scopes nest.
 */
public final class Scope implements AutoCloseable {
  private final NDScope scope = new NDScope();
  private final NDList kept = new NDList();

  /** Opens a scope. */
  public Scope() {
    scope.suppressNotUsedWarning();
  }

  /**
   * Lets {@code x} outlive the scope, and those opened in it; it then belongs to the enclosing
   * scope, if there is one.
   */
  public NDArray keep(NDArray x) {
    NDScope.unregister(x);
    kept.add(x);
    return x;
  }

  @Override
  public void close() {
    kept.forEach(NDScope::unregister); // what was kept within an inner scope is still this one's
    scope.close();
    kept.forEach(NDScope::register);
  }
}
