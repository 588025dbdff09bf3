package dmdx.nn.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dmdx.nn.dryrun.ShapeArray;
import org.jspecify.annotations.Nullable;

/** Whether operations are recorded for differentiation on this thread, and the backward pass. */
public final class Autograd {
  private Autograd() {}

  /** Records operations until closed. Off is the state a thread starts with. */
  public static Mode recording() {
    return new Mode(true);
  }

  /** Records nothing until closed. */
  public static Mode paused() {
    return new Mode(false);
  }

  /** Whether operations are recorded now. */
  public static boolean isRecording() {
    return JniUtils.isGradMode();
  }

  /** An alias of {@code x} that collects a gradient; it shares memory with {@code x}. */
  public static NDArray leaf(NDArray x) {
    if (x instanceof ShapeArray dry) {
      return dry.leaf();
    }
    NDArray leaf = JniUtils.detachGradient((PtNDArray) x);
    leaf.setRequiresGradient(true);
    return leaf;
  }

  /**
   * The same with the gradient in memory of the caller's: backward passes add to it in place.
   *
   * @param gradient where it accumulates, contiguous, of the shape and type of {@code x}
   */
  public static NDArray leaf(NDArray x, NDArray gradient) {
    if (x instanceof ShapeArray dry) {
      return dry.leaf(gradient);
    }
    NDArray leaf = leaf(x);
    try (Mode recording = recording();
        NDArray view = leaf.reshape(-1);
        NDArray start = gradient.reshape(-1)) {
      // autograd keeps a first gradient that nobody else refers to as it is, and what the view
      // hands to the leaf is a new tensor on the memory of start
      backward(view, start);
    }
    try (NDArray kept = gradient(leaf)) {
      if (kept == null || Dispatcher.address(kept) != Dispatcher.address(gradient)) {
        throw new TorchException("autograd keeps its gradients elsewhere in this libtorch");
      }
    }
    return leaf;
  }

  /**
   * Accumulates the gradient of a scalar in every leaf it depends on and frees the graph.
   *
   * @param loss a scalar
   */
  public static void backward(NDArray loss) {
    backward(loss, false);
  }

  /** Accumulates {@code gradient^T d output / d leaf} in every leaf and frees the graph. */
  public static void backward(NDArray output, NDArray gradient) {
    backward(output, gradient, false);
  }

  /** As {@link #backward(NDArray, NDArray)}, but the graph stays for a further backward pass. */
  public static void backwardKeepingGraph(NDArray output, NDArray gradient) {
    backward(output, gradient, true);
  }

  /** The same from a scalar. */
  public static void backwardKeepingGraph(NDArray loss) {
    backward(loss, true);
  }

  private static void backward(NDArray loss, boolean keepGraph) {
    if (loss instanceof ShapeArray dry) {
      dry.backward(keepGraph);
      return;
    }
    try (NDArray one = loss.getManager().ones(loss.getShape(), DataType.FLOAT32, loss.getDevice());
        NDArray seed = Ops.castLike(one, loss)) {
      backward(loss, seed, keepGraph);
    }
  }

  private static void backward(NDArray output, NDArray gradient, boolean keepGraph) {
    if (output instanceof ShapeArray dry) {
      dry.backward(keepGraph);
      return;
    }
    JniUtils.backward((PtNDArray) output, (PtNDArray) gradient, keepGraph, false);
  }

  /**
   * Whether {@code x} was recorded as the result of an operation on a leaf, so that a backward pass
   * can start from it. ({@code NDArray.hasGradient} tells only whether x is a leaf.)
   */
  public static boolean isRecorded(NDArray x) {
    if (x instanceof ShapeArray dry) {
      return dry.isRecorded();
    }
    return !Dispatcher.test("aten::is_leaf", "", x);
  }

  /** Whether gradient flows into {@code x}: a leaf that collects one, or a recorded result. */
  public static boolean needsGradient(NDArray x) {
    if (x instanceof ShapeArray dry) {
      return dry.needsGradient();
    }
    return JniUtils.requiresGrad((PtNDArray) x) || isRecorded(x);
  }

  /** Sets the gradient collected by a leaf to zero. */
  public static void zeroGradient(NDArray leaf) {
    if (leaf instanceof ShapeArray) {
      return;
    }
    JniUtils.zeroGrad((PtNDArray) leaf);
  }

  /** Frees the memory of a leaf's gradient, which is of no more use. */
  public static void dropGradient(NDArray leaf) {
    if (leaf instanceof ShapeArray dry) {
      dry.dropGradient();
      return;
    }
    try (NDArray gradient = gradient(leaf)) {
      if (gradient != null) {
        Dispatcher.callInPlace("aten::set_", "", gradient);
      }
    }
  }

  /**
   * The gradient collected by a leaf, of its shape; {@code null} if it took no part. The caller
   * closes it.
   */
  public static @Nullable NDArray gradient(NDArray leaf) {
    if (leaf instanceof ShapeArray dry) {
      return dry.collected();
    }
    return JniUtils.getGradient((PtNDArray) leaf);
  }

  /** A recording state; closing restores the one before. */
  public static final class Mode implements AutoCloseable {
    private final boolean before;

    private Mode(boolean recording) {
      before = JniUtils.isGradMode();
      JniUtils.setGradMode(recording);
    }

    @Override
    public void close() {
      JniUtils.setGradMode(before);
    }
  }
}
