package dmdx.nn.torch;

import static dmdx.nn.torch.Dispatcher.call;
import static dmdx.nn.torch.Dispatcher.optional;
import static dmdx.nn.torch.Dispatcher.some;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dmdx.nn.dryrun.DryRun;
import dmdx.nn.dryrun.ShapeArray;
import org.jspecify.annotations.Nullable;

/**
 * Tensor operations beyond DJL's own. All are differentiable; a result belongs to the manager of
 * the first tensor argument, and has its shape unless another is named.
 *
 * <p>Legend: B batch, C channels, H W height and width, N tokens, D width, h heads.
 */
public final class Ops {
  private static final int NEAREST = 0;

  private Ops() {}

  /**
   * 1-, 2- or 3-dimensional convolution.
   *
   * @param x {@code [B, C, …]}
   * @param weight {@code [O, C, k, …]}
   * @param bias {@code [O]}
   * @param padding zeros at both ends of each axis
   * @return {@code [B, O, …]}
   */
  public static NDArray conv(
      NDArray x, NDArray weight, @Nullable NDArray bias, int stride, Shape padding) {
    if (x instanceof ShapeArray dry) {
      return dry.conv(weight, bias, stride, padding);
    }
    int dimensions = padding.dimension();
    return JniUtils.convolution(
        torch(x),
        torch(weight),
        torchOrNull(bias),
        repeated(stride, dimensions),
        padding,
        repeated(1, dimensions),
        1);
  }

  private static Shape repeated(int value, int dimensions) {
    long[] sizes = new long[dimensions];
    java.util.Arrays.fill(sizes, value);
    return new Shape(sizes);
  }

  /**
   * {@code x W^T + b}.
   *
   * @param x {@code […, in]}
   * @param weight {@code [out, in]}
   * @param bias {@code [out]}
   */
  public static NDArray linear(NDArray x, NDArray weight, @Nullable NDArray bias) {
    if (x instanceof ShapeArray dry) {
      return dry.linear(weight, bias);
    }
    return ConvolvedLinear.isFaster(torch(x), torch(weight))
        ? ConvolvedLinear.forward(torch(x), torch(weight), torchOrNull(bias))
        : JniUtils.linear(torch(x), torch(weight), torchOrNull(bias));
  }

  /**
   * Group normalisation over {@code groups} groups of channels.
   *
   * @param x {@code [B, C, …]}
   */
  public static NDArray groupNorm(NDArray x, int groups, NDArray weight, NDArray bias, double eps) {
    if (x instanceof ShapeArray dry) {
      return dry.groupNorm(groups, weight, bias);
    }
    return call(
        x.getManager(),
        "aten::group_norm",
        "",
        x,
        (long) groups,
        some(weight),
        some(bias),
        eps,
        true);
  }

  /** Layer normalisation over the last axis. */
  public static NDArray layerNorm(NDArray x, NDArray weight, NDArray bias, double eps) {
    if (x instanceof ShapeArray dry) {
      return dry.layerNorm(weight, bias);
    }
    Shape last = new Shape(x.getShape().get(x.getShape().dimension() - 1));
    return JniUtils.layerNorm(torch(x), last, torch(weight), torch(bias), eps);
  }

  /** {@code x sigmoid(x)}. */
  public static NDArray silu(NDArray x) {
    if (x instanceof ShapeArray dry) {
      return dry.pointwise("silu");
    }
    return call(x.getManager(), "aten::silu", "", x);
  }

  /** {@code x Phi(x)} with the exact normal distribution function (erf). */
  public static NDArray gelu(NDArray x) {
    if (x instanceof ShapeArray dry) {
      return dry.pointwise("gelu");
    }
    return JniUtils.gelu(torch(x));
  }

  /** {@code x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2}, an approximation of {@link #gelu}. */
  public static NDArray geluTanh(NDArray x) {
    double slope = 2 * Math.sqrt(2 / Math.PI); // (1 + tanh(u)) / 2 = sigmoid(2 u)
    NDArray argument = x.mul(times(x.square(), 0.044715 * slope).add((float) slope));
    return x.mul(sigmoid(argument));
  }

  /** Layer normalisation over the last axis without weight and bias. */
  public static NDArray layerNorm(NDArray x, double eps) {
    Shape last = new Shape(x.getShape().get(x.getShape().dimension() - 1));
    try (NDArray ones = x.getManager().ones(last);
        NDArray zeros = x.getManager().zeros(last)) {
      return layerNorm(x, castLike(ones, x), castLike(zeros, x), eps);
    }
  }

  /**
   * {@code weight x / sqrt(mean(x^2) + eps)} over the last axis; no mean is subtracted. The
   * fraction is taken in float32, the product in the type of the weight.
   */
  public static NDArray rmsNorm(NDArray x, NDArray weight, double eps) {
    int[] last = {x.getShape().dimension() - 1};
    NDArray wide = cast(x, DataType.FLOAT32);
    NDArray fraction = wide.div(wide.square().mean(last, true).add((float) eps).sqrt());
    return castLike(fraction, weight).mul(weight);
  }

  /** {@code x sigmoid(1.702 x)}. */
  public static NDArray quickGelu(NDArray x) {
    return x.mul(sigmoid(times(x, 1.702)));
  }

  /**
   * The largest value of each window.
   *
   * @param x {@code [B, C, H, W]}
   * @param kernel side of a window
   * @param stride from one window to the next; what fills no window is left out
   * @return {@code [B, C, h, w]}
   */
  public static NDArray maxPool(NDArray x, int kernel, int stride) {
    if (x instanceof ShapeArray dry) {
      return dry.maxPool(kernel, stride);
    }
    return JniUtils.maxPool(
        torch(x), repeated(kernel, 2), repeated(stride, 2), repeated(0, 2), false);
  }

  public static NDArray relu(NDArray x) {
    if (x instanceof ShapeArray dry) {
      return dry.pointwiseOfResult("relu");
    }
    return JniUtils.relu(torch(x));
  }

  /** {@code ln(1 + e^x)}, stable for large x. */
  public static NDArray softplus(NDArray x) {
    if (x instanceof ShapeArray dry) {
      return dry.pointwise("softplus");
    }
    return JniUtils.softPlus(torch(x));
  }

  /**
   * {@code softmax(q k^T scale + mask) v}.
   *
   * @param q {@code [B, h, N, d]}
   * @param k {@code [B, h, M, d]}
   * @param v {@code [B, h, M, d]}
   * @param mask added to the scores, broadcast to {@code [B, h, N, M]}, of any floating-point type;
   *     {@code null} for none
   * @param scale {@code null} for {@code 1/sqrt(d)}
   * @return {@code [B, h, N, d]}
   */
  public static NDArray attention(
      NDArray q, NDArray k, NDArray v, @Nullable NDArray mask, @Nullable Double scale) {
    if (q instanceof ShapeArray dry) {
      return dry.attention(k, v, mask);
    }
    return call(
        q.getManager(),
        "aten::scaled_dot_product_attention",
        "",
        q,
        k,
        v,
        optional(mask == null ? null : castLike(mask, q)),
        0.0,
        false,
        optional(scale),
        false);
  }

  /** {@link #attention} in which position i sees positions up to i. */
  public static NDArray causalAttention(NDArray q, NDArray k, NDArray v) {
    if (q instanceof ShapeArray dry) {
      return dry.attention(k, v, null);
    }
    return call(
        q.getManager(),
        "aten::scaled_dot_product_attention",
        "",
        q,
        k,
        v,
        null,
        0.0,
        true,
        null,
        false);
  }

  /**
   * Rows of a table.
   *
   * @param table {@code [V, D]}
   * @param ids {@code [B, N]}, int64
   * @return {@code [B, N, D]}
   */
  public static NDArray embedding(NDArray table, NDArray ids) {
    if (table instanceof ShapeArray dry) {
      return dry.embedding(ids);
    }
    return call(ids.getManager(), "aten::embedding", "", table, ids, -1L, false, false);
  }

  /**
   * Nearest-neighbour resize, source index {@code floor(target * in / out)}.
   *
   * @param x {@code [B, C, …]} with one to three further axes
   * @param size of each further axis
   * @return {@code [B, C, size…]}
   */
  public static NDArray resizeNearest(NDArray x, long... size) {
    if (x instanceof ShapeArray dry) {
      return dry.resized("resizeNearest", sized(dry.getShape(), size));
    }
    return JniUtils.interpolate(torch(x), size, NEAREST, false);
  }

  /**
   * Elements {@code from} (inclusive) to {@code to} (exclusive) of one axis, as a view. The others
   * stay.
   */
  public static NDArray slice(NDArray x, int axis, long from, long to) {
    if (x instanceof ShapeArray dry) {
      return dry.slice(axis, from, to);
    }
    return JniUtils.slice(torch(x), axis, from, to, 1);
  }

  /** The two halves of the last axis, {@code […, D/2]} each, as views. */
  public static NDArray[] halves(NDArray x) {
    int axis = x.getShape().dimension() - 1;
    long size = x.getShape().get(axis);
    return new NDArray[] {slice(x, axis, 0, size / 2), slice(x, axis, size / 2, size)};
  }

  /**
   * Zeros around the last two axes.
   *
   * @param x {@code [B, C, H, W]}
   * @return {@code [B, C, top + H + bottom, left + W + right]}
   */
  public static NDArray pad(NDArray x, int left, int right, int top, int bottom) {
    if (x instanceof ShapeArray dry) {
      return dry.resized("pad", grown(dry.getShape(), 2, (long) top + bottom, (long) left + right));
    }
    return JniUtils.pad(torch(x), new long[] {left, right, top, bottom}, 0);
  }

  /**
   * Zeros below and to the right of a grid whose channels come last.
   *
   * @param x {@code [B, H, W, D]}
   * @return {@code [B, H + bottom, W + right, D]}
   */
  public static NDArray padGrid(NDArray x, int bottom, int right) {
    if (x instanceof ShapeArray dry) {
      return dry.resized("pad", grown(dry.getShape(), 1, bottom, right));
    }
    return JniUtils.pad(torch(x), new long[] {0, 0, 0, right, 0, bottom}, 0);
  }

  /** Rows of an axis by index, as many as there are indices; differentiable. */
  public static NDArray indexSelect(NDArray x, int axis, NDArray indices) {
    if (x instanceof ShapeArray dry) {
      return dry.indexSelect(axis, indices);
    }
    return call(x.getManager(), "aten::index_select", "", x, (long) axis, indices);
  }

  /** Splits the last axis into heads: {@code [B, N, h d] -> [B, h, N, d]}. */
  public static NDArray splitHeads(NDArray x, int heads) {
    Shape s = x.getShape();
    return x.reshape(s.get(0), s.get(1), heads, s.get(2) / heads).transpose(0, 2, 1, 3);
  }

  /** The inverse of {@link #splitHeads}: {@code [B, h, N, d] -> [B, N, h d]}. */
  public static NDArray mergeHeads(NDArray x) {
    Shape s = x.getShape();
    return x.transpose(0, 2, 1, 3).reshape(s.get(0), s.get(2), s.get(1) * s.get(3));
  }

  /**
   * The element type. Unlike {@link NDArray#getDataType}, which calls bfloat16 unknown, this knows
   * it.
   */
  public static DataType typeOf(NDArray x) {
    if (x instanceof ShapeArray) {
      return x.getDataType();
    }
    DataType type = x.getDataType();
    return type == DataType.UNKNOWN && Dispatcher.isBfloat16(x) ? DataType.BFLOAT16 : type;
  }

  /**
   * A copy in another type; the same tensor if it has that type already. Gradients flow through, in
   * the type of {@code x}.
   */
  public static NDArray cast(NDArray x, DataType type) {
    if (typeOf(x) == type) {
      return x;
    }
    if (x instanceof ShapeArray) {
      return x.toType(type, true);
    }
    return call(
        x.getManager(), "aten::to", "dtype", x, Dispatcher.scalarType(type), false, true, null);
  }

  /**
   * {@code x} in another type on the device of {@code owner}; the same tensor if it is that
   * already, else a copy that belongs to the owner. Gradients flow through, back to where {@code x}
   * is.
   */
  public static NDArray to(NDArray x, NDManager owner, DataType type) {
    if (x.getDevice().equals(owner.getDevice())) {
      return cast(x, type);
    }
    if (x instanceof ShapeArray dry) {
      return dry.to(owner, type);
    }
    try (NDArray like = empty(owner, new Shape(0), type)) {
      return call(owner, "aten::to", "other", x, like, false, true, null);
    }
  }

  /** A tensor of any floating-point or whole-number type with values yet to be set. */
  public static NDArray empty(NDManager owner, Shape shape, DataType type) {
    if (DryRun.isDry(owner)) {
      return owner.create(shape, type);
    }
    if (type != DataType.BFLOAT16) {
      return owner.create(shape, type);
    }
    try (NDArray sameSize = owner.create(shape, DataType.FLOAT16)) {
      return call(owner, "aten::view", "dtype", sameSize, Dispatcher.scalarType(type));
    }
  }

  /** {@code x} in the type of {@code other}. */
  public static NDArray castLike(NDArray x, NDArray other) {
    return cast(x, typeOf(other));
  }

  /**
   * {@code factor * x}. The product with a number that DJL offers keeps the number in memory of
   * Java's that may be gone when the gradient needs it.
   */
  public static NDArray times(NDArray x, double factor) {
    try (NDArray number = constant(x, new float[] {(float) factor}, new Shape())) {
      return x.mul(number);
    }
  }

  /**
   * A tensor of given values in memory of its own, on the device and with the manager of {@code
   * like}. {@link ai.djl.ndarray.NDManager#create(float[], Shape)} lends memory of Java's instead,
   * which is gone some time after the tensor is closed, even if a gradient still needs it.
   */
  public static NDArray constant(NDArray like, float[] values, Shape shape) {
    return owning(like, like.getManager().create(values, shape));
  }

  /** The same for whole numbers, such as indices. */
  public static NDArray constant(NDArray like, long[] values, Shape shape) {
    return owning(like, like.getManager().create(values, shape));
  }

  private static NDArray owning(NDArray like, NDArray lent) {
    try (lent) {
      return lent.getDevice().equals(like.getDevice())
          ? lent.duplicate()
          : lent.toDevice(like.getDevice(), false);
    }
  }

  /** A copy in memory of its own. Gradients flow through, unlike {@link NDArray#duplicate}. */
  public static NDArray copyOf(NDArray x) {
    if (x instanceof ShapeArray dry) {
      return dry.copy();
    }
    return call(x.getManager(), "aten::clone", "", x, null);
  }

  /**
   * A second handle of the same tensor: same memory, same graph, same gradient. No scope frees it;
   * it belongs to {@code owner}.
   */
  public static NDArray handleOf(NDArray x, NDManager owner) {
    if (x instanceof ShapeArray dry) {
      return dry.handle(owner);
    }
    NDArray handle = Dispatcher.handle(owner, x);
    NDScope.unregister(handle);
    return handle;
  }

  /** A constant alias of {@code x}: same values and memory, no gradient. */
  public static NDArray detach(NDArray x) {
    return x.stopGradient();
  }

  /** {@code target = source}, with conversion of type. */
  public static void copy(NDArray target, NDArray source) {
    if (target instanceof ShapeArray) {
      return;
    }
    Dispatcher.callInPlace("aten::copy_", "", target, source, false);
  }

  /** {@code x += weight (y - x)}, in place. */
  public static void lerpInPlace(NDArray x, NDArray y, NDArray weight) {
    if (x instanceof ShapeArray dry) {
      ShapeArray unused = dry.with("lerp", y, weight);
      return;
    }
    Dispatcher.callInPlace("aten::lerp_", "Tensor", x, y, weight);
  }

  /** Zeros, in place. */
  public static void zero(NDArray x) {
    if (x instanceof ShapeArray) {
      return;
    }
    Dispatcher.callInPlace("aten::zero_", "", x);
  }

  /** The square root of every element, in place. */
  public static void sqrtInPlace(NDArray x) {
    if (x instanceof ShapeArray) {
      return;
    }
    Dispatcher.callInPlace("aten::sqrt_", "", x);
  }

  private static NDArray sigmoid(NDArray x) {
    return x instanceof ShapeArray dry
        ? dry.pointwiseOfResult("sigmoid")
        : JniUtils.sigmoid(torch(x));
  }

  /** The shape with other sizes of the last axes. */
  private static Shape sized(Shape shape, long... sizes) {
    long[] all = shape.getShape().clone();
    System.arraycopy(sizes, 0, all, all.length - sizes.length, sizes.length);
    return new Shape(all);
  }

  /** The shape with two neighbouring axes enlarged. */
  private static Shape grown(Shape shape, int axis, long first, long second) {
    long[] all = shape.getShape().clone();
    all[axis] += first;
    all[axis + 1] += second;
    return new Shape(all);
  }

  private static PtNDArray torch(NDArray x) {
    return (PtNDArray) x;
  }

  @SuppressWarnings("NullAway") // DJL takes null for an absent operand
  private static PtNDArray torchOrNull(@Nullable NDArray x) {
    return x == null ? null : (PtNDArray) x;
  }
}
