package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDScope;
import dmdx.nn.torch.Ops;
import java.util.HashMap;
import java.util.Map;

/**
 * What the causal convolutions remember from one chunk of a video to the next: the last frames of
 * their inputs. Gradients flow through it. It lasts for one encoding or decoding and owns its
 * tensors, whatever scopes are open.
 */
final class CausalCache implements AutoCloseable {
  private static final int TIME = 2;
  private final Map<String, NDArray> frames = new HashMap<>();

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
      NDArray copy = Ops.copyOf(last); // a view would keep all frames alive
      NDScope.unregister(copy);
      frames.put(convolution, copy);
    }
    first.close();
    return extended;
  }

  @Override
  public void close() {
    frames.values().forEach(NDArray::close);
    frames.clear();
  }
}
