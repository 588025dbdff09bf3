package dmdx.runner.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.dryrun.Operation;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Times operations one by one, each alone on operands of its own, forward and backward. */
public final class Kernels implements AutoCloseable {
  private final NDManager manager;
  private final Stopwatch stopwatch;
  private final Map<Operation, Double> known = new LinkedHashMap<>();

  /** Nothing is timed yet on that device. */
  public Kernels(Device device) {
    manager = NDManager.newBaseManager(device);
    stopwatch = new Stopwatch(manager);
  }

  /** The operations of a computation and what they take. */
  public record Sum(double seconds, long flops, Map<String, Double> byName) {}

  /** The time of all operations, and of their backward passes where they have one. */
  public Sum sum(List<Operation> operations) {
    double seconds = 0;
    long flops = 0;
    Map<String, Double> byName = new LinkedHashMap<>();
    for (Operation operation : operations) {
      double one = known.computeIfAbsent(operation, this::seconds);
      seconds += one;
      flops += operation.flops() + operation.backwardFlops();
      byName.merge(operation.name(), one, Double::sum);
    }
    return new Sum(seconds, flops, byName);
  }

  private double seconds(Operation operation) {
    try (Scope scope = new Scope()) {
      List<NDArray> operands = new ArrayList<>();
      operation.operands().forEach(operand -> operands.add(operand(operand, operation.type())));
      if (!operation.recorded()) {
        try (Autograd.Mode paused = Autograd.paused()) {
          return stopwatch.best(() -> perform(operation, operands));
        }
      }
      NDArray gradient;
      try (Autograd.Mode paused = Autograd.paused()) {
        NDArray like = perform(operation, operands);
        gradient = Ops.castLike(like.getManager().ones(like.getShape(), DataType.FLOAT32), like);
      }
      return stopwatch.best(
          () -> {
            List<NDArray> leaves = new ArrayList<>();
            for (int i = 0; i < operands.size(); i++) {
              NDArray x = operands.get(i);
              leaves.add(operation.operands().get(i).gradient() ? Autograd.leaf(x) : x);
            }
            NDArray result;
            try (Autograd.Mode recording = Autograd.recording()) {
              result = perform(operation, leaves);
            }
            Autograd.backward(result, gradient);
          });
    }
  }

  /** Random numbers that lie in memory as the operand's do, if they fill it. */
  private NDArray operand(Operation.Operand operand, DataType type) {
    Shape shape = operand.shape();
    List<Integer> order =
        IntStream.range(0, shape.dimension())
            .boxed()
            .sorted(Comparator.comparing((Integer axis) -> -operand.strides().get(axis)))
            .toList();
    long[] sizes = order.stream().mapToLong(shape::get).toArray();
    int[] back = new int[order.size()];
    for (int i = 0; i < back.length; i++) {
      back[order.get(i)] = i;
    }
    NDArray x = manager.randomNormal(new Shape(sizes));
    if (type == DataType.BFLOAT16 || type == DataType.FLOAT16) {
      x = Ops.cast(x, type);
    }
    return back.length < 2 ? x : x.transpose(back);
  }

  private NDArray perform(Operation operation, List<NDArray> in) {
    NDArray x = in.get(0);
    List<Long> a = operation.attributes();
    return switch (operation.name()) {
      case "conv" ->
          Ops.conv(x, in.get(1), in.size() > 2 ? in.get(2) : null, a.get(0).intValue(), padding(a));
      case "linear" -> Ops.linear(x, in.get(1), in.size() > 2 ? in.get(2) : null);
      case "matMul" -> x.matMul(in.get(1));
      case "attention" ->
          Ops.attention(x, in.get(1), in.get(2), in.size() > 3 ? in.get(3) : null, null);
      case "groupNorm" -> Ops.groupNorm(x, a.get(0).intValue(), in.get(1), in.get(2), 1e-5);
      case "layerNorm" -> Ops.layerNorm(x, in.get(1), in.get(2), 1e-5);
      case "silu" -> Ops.silu(x);
      case "gelu" -> Ops.gelu(x);
      case "mul" -> x.mul(in.get(1));
      case "div" -> x.div(in.get(1));
      case "sub" -> x.sub(in.get(1));
      case "add" -> x.add(in.get(1));
      case "concat" -> NDArrays.concat(new NDList(in), a.get(0).intValue());
      case "copy" -> x.reshape(-1).reshape(operation.result());
      case "resizeNearest" -> Ops.resizeNearest(x, trailing(operation.result(), x.getShape()));
      case "sum", "max", "min", "norm" -> x.sum();
      case "mean" -> x.mean();
      default -> x.neg();
    };
  }

  private static Shape padding(List<Long> attributes) {
    return new Shape(attributes.subList(1, attributes.size()));
  }

  private static long[] trailing(Shape result, Shape x) {
    long[] sizes = new long[x.dimension() - 2];
    for (int axis = 0; axis < sizes.length; axis++) {
      sizes[axis] = result.get(axis + 2);
    }
    return sizes;
  }

  @Override
  public void close() {
    manager.close();
  }
}
