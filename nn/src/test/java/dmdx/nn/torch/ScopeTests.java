package dmdx.nn.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScopeTests {
  private final NDManager manager = NDManager.newBaseManager(Device.cpu());

  @AfterEach
  void close() {
    manager.close();
  }

  private static boolean isOpen(NDArray x) {
    try {
      return !x.isReleased() && x.toFloatArray().length == 1;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  private NDArray one() {
    return manager.create(1f).reshape(1);
  }

  @Test
  void frees_all_but_what_is_kept() {
    NDArray freed;
    NDArray kept;
    try (Scope scope = new Scope()) {
      freed = one();
      kept = scope.keep(one());
    }
    assertFalse(isOpen(freed));
    assertTrue(isOpen(kept));
  }

  @Test
  void what_is_kept_belongs_to_the_enclosing_scope() {
    NDArray kept;
    try (Scope outer = new Scope()) {
      try (Scope inner = new Scope()) {
        kept = inner.keep(one());
      }
      assertTrue(isOpen(kept));
    }
    assertFalse(isOpen(kept));
  }

  @Test
  void an_outer_scope_keeps_what_was_made_in_it_or_within_an_inner_one() {
    NDArray first;
    NDArray second;
    try (Scope outer = new Scope()) {
      first = one();
      try (Scope inner = new Scope()) {
        second = one();
        outer.keep(first);
        outer.keep(second);
      }
      assertTrue(isOpen(first) && isOpen(second));
    }
    assertTrue(isOpen(first) && isOpen(second));
    assertEquals(1, first.getFloat());
  }
}
