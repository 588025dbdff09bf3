package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import dmdx.nn.torch.Ops;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * What the causal convolutions remember from one chunk of a video to the next: the last frames of
 * their inputs. Gradients flow through it.
 */
final class CausalCache implements AutoCloseable {
  private static final int TIME = 2;
  private final Map<String, NDArray> frames = new TreeMap<>();
  private final boolean owner;

  private CausalCache(boolean owner) {
    this.owner = owner;
  }

  /** A cache for one encoding or decoding. It owns its tensors, whatever scopes are open. */
  static CausalCache ofClip() {
    return new CausalCache(true);
  }

  /** A cache for one block; its tensors are the block's. */
  static CausalCache within() {
    return new CausalCache(false);
  }

  /** The convolutions at or below a module path that remember something. */
  List<String> convolutions(String path) {
    return frames.keySet().stream()
        .filter(name -> name.equals(path) || name.startsWith(path + "."))
        .toList();
  }

  /** What a convolution remembers. */
  NDArray frames(String convolution) {
    return Objects.requireNonNull(frames.get(convolution), convolution);
  }

  /** Lets a convolution remember {@code last} in place of what it did. */
  void remember(String convolution, NDArray last) {
    NDArray before = frames.put(convolution, last);
    if (owner) {
      NDScope.unregister(last);
      if (before != null) {
        before.close();
      }
    }
  }

  /**
   * Puts frames in front: the remembered ones, or the first frame again and again if there are
   * none. The last frames of the result are remembered in their place.
   *
   * @param convolution whose input {@code x} is
   * @param x {@code [B, C, T, H, W]}
   * @param count how many frames
   * @return {@code [B, C, count + T, H, W]}
   */
  NDArray extend(String convolution, NDArray x, int count) {
    NDList parts = new NDList();
    NDArray before = frames.get(convolution);
    NDArray first = before == null ? Ops.slice(x, TIME, 0, 1) : before;
    for (int i = 0; i < (before == null ? count : 1); i++) {
      parts.add(first);
    }
    parts.add(x);
    NDArray extended = NDArrays.concat(parts, TIME);
    long end = extended.getShape().get(TIME);
    try (NDArray last = Ops.slice(extended, TIME, end - count, end)) {
      remember(convolution, Ops.copyOf(last)); // a view would keep all frames alive
    }
    return extended;
  }

  @Override
  public void close() {
    if (owner) {
      frames.values().forEach(NDArray::close);
    }
    frames.clear();
  }
}
