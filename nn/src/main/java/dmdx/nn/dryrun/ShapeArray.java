package dmdx.nn.dryrun;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrayAdapter;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.internal.NDArrayEx;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.lang.reflect.Proxy;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** An array without elements. Operations on it compute shapes and keep account in its run. */
public final class ShapeArray extends NDArrayAdapter {
  private final DryRun run;
  private final long[] strides;
  private final Memory.Block block;
  private final @Nullable Node node;
  private long @Nullable [] wholeNumbers;

  @SuppressWarnings({"NullAway", "this-escape"}) // there is no alternative manager
  ShapeArray(
      ShapeManager manager,
      Shape shape,
      DataType type,
      long[] strides,
      Memory.Block block,
      @Nullable Node node) {
    super(manager, null, shape, type, NDManager.nextUid());
    this.run = manager.run();
    this.strides = strides;
    this.block = block;
    this.node = node == null ? null : node.use();
    manager.attachInternal(getUid(), this);
    NDScope.register(this);
  }

  static ShapeArray allocated(ShapeManager manager, Shape shape, DataType type) {
    return of(manager, shape, type, shape.size() * type.getNumOfBytes());
  }

  /** An array that occupies {@code bytes}. */
  static ShapeArray of(ShapeManager manager, Shape shape, DataType type, long bytes) {
    return in(manager.run().memory(manager.getDevice()), manager, shape, type, bytes);
  }

  private static ShapeArray in(
      Memory memory, ShapeManager owner, Shape shape, DataType type, long bytes) {
    Memory.Block block = memory.allocate(bytes);
    return new ShapeArray(owner, shape, type, Strides.contiguous(shape), block, null);
  }

  @Override
  public Device getDevice() {
    return block.memory().device();
  }

  /**
   * This as an operand of an operation on others, too.
   *
   * @throws IllegalArgumentException if they are on several devices
   */
  public ShapeArray with(String name, NDArray... others) {
    NDArray[] all = Arrays.copyOf(others, others.length + 1);
    all[others.length] = this;
    Computation unused = new Computation(name, all);
    return this;
  }

  /** The same with a number, of which the manager makes an operand where it makes arrays. */
  private ShapeArray withNumber(String name) {
    if (!manager.getDevice().equals(getDevice())) {
      throw new IllegalArgumentException(
          "%s: the array is on %s, its manager makes numbers on %s"
              .formatted(name, getDevice(), manager.getDevice()));
    }
    return this;
  }

  DryRun run() {
    return run;
  }

  ShapeManager manager() {
    return (ShapeManager) manager;
  }

  Memory.Block block() {
    return block;
  }

  @Nullable Node node() {
    return node;
  }

  /** Whether gradient flows into it. */
  public boolean needsGradient() {
    return node != null;
  }

  long bytes() {
    return getShape().size() * getDataType().getNumOfBytes();
  }

  Operation.Operand operand() {
    return new Operation.Operand(
        getShape(), Arrays.stream(strides).boxed().toList(), needsGradient());
  }

  private ShapeArray alias(@Nullable Node graph) {
    return new ShapeArray(manager(), getShape(), getDataType(), strides, block.share(), graph);
  }

  /** An alias that collects a gradient. */
  public NDArray leaf() {
    return alias(Node.leaf(run().nextNode()));
  }

  /** An alias whose gradient accumulates in the memory of {@code gradient}. */
  public NDArray leaf(NDArray gradient) {
    return alias(Node.leaf(run().nextNode(), ((ShapeArray) gradient).block));
  }

  /** Whether an operation on a leaf made it. */
  public boolean isRecorded() {
    return node != null && !node.isLeaf();
  }

  /** The gradient this leaf has collected. */
  public @Nullable NDArray collected() {
    Memory.Block gradient = node == null ? null : node.gradient();
    return gradient == null
        ? null
        : new ShapeArray(
            manager(),
            getShape(),
            getDataType(),
            Strides.contiguous(getShape()),
            gradient.share(),
            null);
  }

  /** A second handle of it, which no scope frees. */
  public NDArray handle(NDManager owner) {
    ShapeArray second = alias(node);
    second.attach(owner);
    NDScope.unregister(second);
    return second;
  }

  /** Frees the gradient this leaf has collected. */
  public void dropGradient() {
    if (node != null) {
      node.dropGradient();
    }
  }

  /** The backward pass. */
  public void backward(boolean keepGraph) {
    Objects.requireNonNull(node, "nothing recorded").backward(block.memory(), bytes(), keepGraph);
  }

  // ------------------------------------------------------------------ what Ops offers

  /** {@link dmdx.nn.torch.Ops#conv}. */
  public NDArray conv(NDArray weight, @Nullable NDArray bias, int stride, Shape padding) {
    Shape w = weight.getShape();
    long[] result = getShape().getShape().clone();
    result[1] = w.get(0);
    boolean pointwise = stride == 1;
    for (int axis = 2; axis < result.length; axis++) {
      result[axis] = (result[axis] + 2 * padding.get(axis - 2) - w.get(axis)) / stride + 1;
      pointwise &= w.get(axis) == 1;
    }
    Shape out = new Shape(result);
    long bytes = getDataType().getNumOfBytes();
    // the kernels work on blocked layouts, into which all three are copied
    long blocked = bytes * (getShape().size() + w.size() + out.size());
    return new Computation("conv", this, weight, bias)
        .saving(this, weight)
        .scratch(pointwise ? 0 : blocked)
        .flops(2 * out.size() * (w.size() / w.get(0)))
        .attributes(stride)
        .attributes(padding.getShape())
        .result(out);
  }

  /** {@link dmdx.nn.torch.Ops#linear}. */
  public NDArray linear(NDArray weight, @Nullable NDArray bias) {
    Shape w = weight.getShape();
    Shape out = withAxis(getShape(), -1, w.get(0));
    return onContiguous(
        x ->
            new Computation("linear", x, weight, bias)
                .savingFor(x, weight)
                .savingFor(weight, this)
                .flops(2 * out.size() * w.get(1))
                .result(out));
  }

  /** {@link dmdx.nn.torch.Ops#attention}. */
  public NDArray attention(NDArray k, NDArray v, @Nullable NDArray mask) {
    Shape s = getShape();
    long rows = s.get(0) * s.get(1) * s.get(2);
    Shape out = withAxis(s, 3, v.getShape().get(3));
    Shape held = new Shape(s.get(0), s.get(2), s.get(1), out.get(3));
    long[] order = Strides.permuted(Strides.contiguous(held), 0, 2, 1, 3);
    return new Computation("attention", this, k, v, mask)
        .saving(this, k, v, mask)
        .savingResult()
        .savingBytes(rows * 4)
        .flops(4 * rows * k.getShape().get(2) * s.get(3))
        .result(out, getDataType(), order);
  }

  /** {@link dmdx.nn.torch.Ops#groupNorm}. */
  public NDArray groupNorm(int groups, NDArray weight, NDArray bias) {
    return onContiguous(
        x ->
            new Computation("groupNorm", x, weight, bias)
                .saving(x, weight)
                .savingBytes(8L * getShape().get(0) * groups)
                .attributes(groups)
                .result(getShape()));
  }

  /** {@link dmdx.nn.torch.Ops#layerNorm}. */
  public NDArray layerNorm(NDArray weight, NDArray bias) {
    long width = getShape().get(getShape().dimension() - 1);
    return onContiguous(
        x ->
            new Computation("layerNorm", x, weight, bias)
                .saving(x, weight)
                .savingBytes(8 * getShape().size() / width)
                .result(getShape()));
  }

  /** A function of each element whose derivative follows from the element. */
  public NDArray pointwise(String name) {
    return new Computation(name, this).saving(this).result(getShape(), getDataType(), dense());
  }

  /** A function of each element whose derivative follows from its value. */
  public NDArray pointwiseOfResult(String name) {
    return new Computation(name, this).savingResult().result(getShape(), getDataType(), dense());
  }

  /** {@link dmdx.nn.torch.Ops#maxPool}. */
  public NDArray maxPool(int kernel, int stride) {
    Shape s = getShape();
    Shape out =
        new Shape(
            s.get(0), s.get(1), (s.get(2) - kernel) / stride + 1, (s.get(3) - kernel) / stride + 1);
    return new Computation("maxPool", this)
        .saving(this)
        .savingBytes(8 * out.size())
        .attributes(kernel, stride)
        .result(out);
  }

  /** {@link dmdx.nn.torch.Ops#embedding}. */
  public NDArray embedding(NDArray ids) {
    Shape out = ids.getShape().add(getShape().get(1));
    return new Computation("embedding", this, ids).saving(ids).result(out);
  }

  /** A resized, padded or indexed copy: one operand, a new shape, nothing kept. */
  public NDArray resized(String name, Shape shape) {
    return new Computation(name, this).result(shape);
  }

  /** {@link dmdx.nn.torch.Ops#indexSelect}. */
  public NDArray indexSelect(int axis, NDArray indices) {
    return new Computation("indexSelect", this, indices)
        .saving(indices)
        .attributes(axis)
        .result(withAxis(getShape(), axis, indices.size()));
  }

  /** {@link dmdx.nn.torch.Ops#slice}. */
  public NDArray slice(int axis, long from, long to) {
    Shape shape = withAxis(getShape(), axis, to - from);
    return new Computation("slice", this).view(shape, strides);
  }

  /** {@link dmdx.nn.torch.Ops#copyOf}. */
  public NDArray copy() {
    return new Computation("copy", this).aliasingGradient().result(getShape());
  }

  // ------------------------------------------------------------------ NDArray

  @Override
  public NDArray toType(DataType type, boolean copy) {
    return type == getDataType() && !copy
        ? alias(node)
        : new Computation("cast", this).result(getShape(), type);
  }

  @Override
  public NDArray toDevice(Device device, boolean copy) {
    return copy || !device.equals(getDevice())
        ? moved(manager(), run.memory(device), getDataType())
        : this;
  }

  /** {@link dmdx.nn.torch.Ops#to}. */
  public NDArray to(NDManager owner, DataType type) {
    return moved((ShapeManager) owner, run.memory(owner.getDevice()), type);
  }

  private NDArray moved(ShapeManager owner, Memory memory, DataType type) {
    NDArray copy =
        new Computation("to", this)
            .result(getShape(), type, Strides.contiguous(getShape()), owner, memory);
    ((ShapeArray) copy).wholeNumbers = wholeNumbers;
    return copy;
  }

  @Override
  public NDArray stopGradient() {
    ShapeArray constant = alias(null);
    constant.wholeNumbers = wholeNumbers;
    return constant;
  }

  @Override
  public NDArray duplicate() {
    ShapeArray copy = in(block.memory(), manager(), getShape(), getDataType(), bytes());
    copy.wholeNumbers = wholeNumbers;
    return copy;
  }

  @Override
  public boolean hasGradient() {
    return node != null && node.isLeaf();
  }

  @Override
  public void set(Buffer data) {
    if (data instanceof LongBuffer numbers) {
      long[] values = new long[numbers.remaining()];
      numbers.duplicate().get(values);
      wholeNumbers = values;
    }
  }

  @Override
  public long[] toLongArray() {
    return wholeNumbers == null ? new long[(int) size()] : wholeNumbers.clone();
  }

  @Override
  public float[] toFloatArray() {
    return new float[(int) size()];
  }

  @Override
  public float getFloat(long... indices) {
    return 0;
  }

  @Override
  public long getLong(long... indices) {
    return 0;
  }

  @Override
  public boolean getBoolean(long... indices) {
    return false;
  }

  @Override
  public NDArray add(Number n) {
    return new Computation("addNumber", withNumber("add")).aliasingGradient().result(getShape());
  }

  @Override
  public NDArray sub(Number n) {
    return add(n);
  }

  @Override
  public NDArray mul(Number n) {
    return new Computation("mulNumber", withNumber("mul")).result(getShape());
  }

  @Override
  public NDArray div(Number n) {
    return mul(n);
  }

  @Override
  public NDArray add(NDArray other) {
    return sum("add", other);
  }

  @Override
  public NDArray sub(NDArray other) {
    return sum("sub", other);
  }

  private NDArray sum(String name, NDArray other) {
    Shape shape = broadcast(getShape(), other.getShape());
    Computation sum = new Computation(name, this, other);
    if (shape.equals(getShape()) && shape.equals(other.getShape())) {
      sum.aliasingGradient();
    }
    return sum.result(shape, getDataType(), shape.equals(getShape()) ? dense() : row(shape));
  }

  @Override
  public NDArray mul(NDArray other) {
    Shape shape = broadcast(getShape(), other.getShape());
    return new Computation("mul", this, other)
        .savingFor(this, other)
        .savingFor(other, this)
        .result(shape, getDataType(), shape.equals(getShape()) ? dense() : row(shape));
  }

  @Override
  public NDArray div(NDArray other) {
    return new Computation("div", this, other)
        .savingFor(this, other)
        .saving(other)
        .result(broadcast(getShape(), other.getShape()));
  }

  @Override
  public NDArray addi(Number n) {
    return withNumber("addi");
  }

  @Override
  public NDArray subi(Number n) {
    return withNumber("subi");
  }

  @Override
  public NDArray muli(Number n) {
    return withNumber("muli");
  }

  @Override
  public NDArray divi(Number n) {
    return withNumber("divi");
  }

  @Override
  public NDArray addi(NDArray other) {
    return with("addi", other);
  }

  @Override
  public NDArray subi(NDArray other) {
    return with("subi", other);
  }

  @Override
  public NDArray muli(NDArray other) {
    return with("muli", other);
  }

  @Override
  public NDArray divi(NDArray other) {
    return with("divi", other);
  }

  @Override
  public NDArray neg() {
    return new Computation("neg", this).result(getShape());
  }

  @Override
  public NDArray square() {
    return pointwise("square");
  }

  @Override
  public NDArray sqrt() {
    return pointwiseOfResult("sqrt");
  }

  @Override
  public NDArray exp() {
    return pointwiseOfResult("exp");
  }

  @Override
  public NDArray log() {
    return pointwise("log");
  }

  @Override
  public NDArray abs() {
    return pointwise("abs");
  }

  @Override
  public NDArray sin() {
    return pointwise("sin");
  }

  @Override
  public NDArray cos() {
    return pointwise("cos");
  }

  @Override
  public NDArray tanh() {
    return pointwiseOfResult("tanh");
  }

  @Override
  public NDArray clip(Number min, Number max) {
    return pointwise("clip");
  }

  @Override
  public NDArray maximum(Number n) {
    return withNumber("maximum").pointwise("clip");
  }

  @Override
  public NDArray minimum(Number n) {
    return withNumber("minimum").pointwise("clip");
  }

  @Override
  public NDArray isNaN() {
    return test();
  }

  @Override
  public NDArray isInfinite() {
    return test();
  }

  @Override
  public NDArray eq(Number n) {
    return withNumber("eq").test();
  }

  @Override
  public NDArray neq(Number n) {
    return withNumber("neq").test();
  }

  @Override
  public NDArray gt(Number n) {
    return withNumber("gt").test();
  }

  @Override
  public NDArray gte(Number n) {
    return withNumber("gte").test();
  }

  @Override
  public NDArray lt(Number n) {
    return withNumber("lt").test();
  }

  @Override
  public NDArray lte(Number n) {
    return withNumber("lte").test();
  }

  @Override
  public NDArray logicalOr(NDArray other) {
    return with("logicalOr", other).test();
  }

  @Override
  public NDArray logicalAnd(NDArray other) {
    return with("logicalAnd", other).test();
  }

  @Override
  public NDArray logicalNot() {
    return test();
  }

  private NDArray test() {
    return new Computation("test", this).result(getShape(), DataType.BOOLEAN);
  }

  @Override
  public NDArray countNonzero() {
    return new Computation("count", this).result(new Shape(), DataType.INT64);
  }

  @Override
  public NDArray zerosLike() {
    return in(block.memory(), manager(), getShape(), getDataType(), bytes());
  }

  @Override
  public NDArray sum() {
    return reduced("sum", new Shape());
  }

  @Override
  public NDArray mean() {
    return reduced("mean", new Shape());
  }

  @Override
  public NDArray max() {
    return reduced("max", new Shape());
  }

  @Override
  public NDArray min() {
    return reduced("min", new Shape());
  }

  @Override
  public NDArray norm(boolean keepDims) {
    return reduced("norm", new Shape());
  }

  @Override
  public NDArray sum(int[] axes, boolean keepDims) {
    return reduced("sum", reducedShape(axes, keepDims));
  }

  @Override
  public NDArray mean(int[] axes, boolean keepDims) {
    return reduced("mean", reducedShape(axes, keepDims));
  }

  private NDArray reduced(String name, Shape shape) {
    return new Computation(name, this).result(shape);
  }

  private Shape reducedShape(int[] axes, boolean keepDims) {
    int n = getShape().dimension();
    List<Integer> reduced = Arrays.stream(axes).map(a -> a < 0 ? a + n : a).boxed().toList();
    List<Long> sizes = new ArrayList<>();
    for (int axis = 0; axis < n; axis++) {
      if (!reduced.contains(axis)) {
        sizes.add(getShape().get(axis));
      } else if (keepDims) {
        sizes.add(1L);
      }
    }
    return new Shape(sizes.stream().mapToLong(s -> s).toArray());
  }

  @Override
  public NDArray softmax(int axis) {
    return pointwiseOfResult("softmax");
  }

  @Override
  public NDArray matMul(NDArray other) {
    Shape a = getShape();
    Shape b = other.getShape();
    int n = a.dimension();
    long[] batch = broadcast(a.slice(0, n - 2), b.slice(0, b.dimension() - 2)).getShape();
    long[] sizes = Arrays.copyOf(batch, batch.length + 2);
    sizes[batch.length] = a.get(n - 2);
    sizes[batch.length + 1] = b.get(b.dimension() - 1);
    Shape out = new Shape(sizes);
    return new Computation("matMul", this, other)
        .savingFor(this, other)
        .savingFor(other, this)
        .flops(2 * out.size() * a.get(n - 1))
        .result(out);
  }

  @Override
  public NDArray reshape(Shape to) {
    long[] sizes = to.getShape().clone();
    long known = 1;
    for (long size : sizes) {
      known *= size == -1 ? 1 : size;
    }
    for (int axis = 0; axis < sizes.length; axis++) {
      if (sizes[axis] == -1) {
        sizes[axis] = known == 0 ? 0 : size() / known;
      }
    }
    Shape shape = new Shape(sizes);
    if (shape.size() != size()) {
      throw new IllegalArgumentException("%s cannot become %s".formatted(getShape(), to));
    }
    long[] view = Strides.reshaped(getShape(), strides, shape);
    return view == null
        ? onContiguous(x -> x.reshape(shape))
        : new Computation("reshape", this).aliasingGradient().view(shape, view);
  }

  @Override
  public NDArray flatten() {
    return reshape(new Shape(size()));
  }

  @Override
  public NDArray expandDims(int axis) {
    List<Long> sizes = new ArrayList<>(Arrays.stream(getShape().getShape()).boxed().toList());
    sizes.add(axis < 0 ? axis + sizes.size() + 1 : axis, 1L);
    return reshape(new Shape(sizes));
  }

  @Override
  public NDArray squeeze(int[] axes) {
    return reshape(reducedShape(axes, false));
  }

  @Override
  public NDArray transpose(int... axes) {
    return new Computation("transpose", this)
        .aliasingGradient()
        .view(
            new Shape(Strides.permuted(getShape().getShape(), axes)),
            Strides.permuted(strides, axes));
  }

  @Override
  public NDArray transpose() {
    int n = getShape().dimension();
    return transpose(IntStream.range(0, n).map(axis -> n - 1 - axis).toArray());
  }

  @Override
  public NDArray broadcast(Shape shape) {
    return new Computation("broadcast", this).view(shape, new long[shape.dimension()]);
  }

  @Override
  public NDArray repeat(int axis, long repeats) {
    return new Computation("repeat", this)
        .result(withAxis(getShape(), axis, getShape().get(axis) * repeats));
  }

  @Override
  public NDArray get(long... indices) {
    Shape rest = getShape().slice(indices.length);
    return new Computation("select", this)
        .view(rest, Arrays.copyOfRange(strides, indices.length, strides.length));
  }

  @Override
  public NDArray get(NDManager owner, long... indices) {
    NDArray selected = get(indices);
    selected.attach(owner);
    return selected;
  }

  @Override
  public NDList split(long[] indices, int axis) {
    NDList parts = new NDList();
    long from = 0;
    for (int i = 0; i <= indices.length; i++) {
      long to = i < indices.length ? indices[i] : getShape().get(axis);
      parts.add(slice(axis, from, to));
      from = to;
    }
    return parts;
  }

  @Override
  public NDArrayEx getNDArrayInternal() {
    return (NDArrayEx)
        Proxy.newProxyInstance(
            NDArrayEx.class.getClassLoader(),
            new Class<?>[] {NDArrayEx.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "concat" -> concat((NDList) arguments[0], (int) arguments[1]);
                  case "where" -> where((NDArray) arguments[0], (NDArray) arguments[1]);
                  default ->
                      throw new UnsupportedOperationException(
                          "'%s' is unknown to a dry run".formatted(method.getName()));
                });
  }

  /** This, then all of {@code others}, along an axis. */
  private NDArray concat(NDList others, int axis) {
    List<NDArray> all = new ArrayList<>(others);
    all.add(0, this);
    int n = getShape().dimension();
    int along = axis < 0 ? axis + n : axis;
    long size = all.stream().mapToLong(x -> x.getShape().get(along)).sum();
    return new Computation("concat", all.toArray(NDArray[]::new))
        .aliasingGradient()
        .attributes(along)
        .result(withAxis(getShape(), along, size));
  }

  /** {@code x} where this is true, else {@code y}. */
  private NDArray where(NDArray x, NDArray y) {
    return new Computation("where", x, y, this)
        .saving(this)
        .result(broadcast(x.getShape(), y.getShape()), x.getDataType());
  }

  /** Computes with the elements in row order: this, or a copy that is then freed. */
  private NDArray onContiguous(Function<ShapeArray, NDArray> computation) {
    if (Strides.areContiguous(getShape(), strides)) {
      return computation.apply(this);
    }
    try (NDArray copy = copy()) {
      return computation.apply((ShapeArray) copy);
    }
  }

  /** The order of a pointwise result: that of this, if it has no gaps. */
  private long[] dense() {
    long span = 1;
    for (int axis = 0; axis < strides.length; axis++) {
      span += (getShape().get(axis) - 1) * strides[axis];
    }
    boolean expanded =
        IntStream.range(0, strides.length)
            .anyMatch(axis -> strides[axis] == 0 && getShape().get(axis) > 1);
    return span == size() && !expanded ? strides : row(getShape());
  }

  private static long[] row(Shape shape) {
    return Strides.contiguous(shape);
  }

  private static Shape withAxis(Shape shape, int axis, long size) {
    long[] sizes = shape.getShape().clone();
    sizes[axis < 0 ? axis + sizes.length : axis] = size;
    return new Shape(sizes);
  }

  private static Shape broadcast(Shape a, Shape b) {
    int n = Math.max(a.dimension(), b.dimension());
    long[] sizes = new long[n];
    for (int i = 1; i <= n; i++) {
      long x = i <= a.dimension() ? a.get(a.dimension() - i) : 1;
      long y = i <= b.dimension() ? b.get(b.dimension() - i) : 1;
      if (x != y && x != 1 && y != 1) {
        throw new IllegalArgumentException("%s and %s do not fit".formatted(a, b));
      }
      sizes[n - i] = x == 1 ? y : x;
    }
    return new Shape(sizes);
  }

  @Override
  public void attach(NDManager owner) {
    detach();
    manager = owner;
    owner.attachInternal(getUid(), this);
  }

  @Override
  public void detach() {
    manager.detachInternal(getUid());
  }

  @Override
  public void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    manager.detachInternal(getUid());
    block.release();
    if (node != null) {
      node.release();
    }
  }

  @Override
  public ByteBuffer toByteBuffer(boolean tryDirect) {
    throw new UnsupportedOperationException("a dry run has no elements");
  }

  @Override
  public void intern(NDArray replaced) {
    throw new UnsupportedOperationException("'intern' is unknown to a dry run");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  @Override
  public String toString() {
    return "%s %s without elements".formatted(getDataType(), getShape());
  }
}
