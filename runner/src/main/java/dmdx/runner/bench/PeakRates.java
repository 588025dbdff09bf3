package dmdx.runner.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Precision;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Scope;
import java.util.ArrayList;
import java.util.List;

/**
 * The highest rates products reach here.
 *
 * @param rates one per kind and type
 */
public record PeakRates(List<Rate> rates) {
  private static final List<DataType> TYPES = List.of(DataType.FLOAT32, DataType.BFLOAT16);

  /**
   * A rate.
   *
   * @param kind {@code matmul} or {@code conv}
   * @param type {@code float32} or {@code bfloat16}
   * @param shape the shape it was reached at
   * @param flops operations a second
   */
  public record Rate(String kind, String type, String shape, double flops) {}

  /** Measures all on a device. */
  public static PeakRates measure(Device device) {
    List<Rate> rates = new ArrayList<>();
    try (NDManager manager = NDManager.newBaseManager(device);
        Autograd.Mode paused = Autograd.paused()) {
      for (DataType type : TYPES) {
        rates.add(matmul(manager, type));
        rates.add(convolution(manager, type));
      }
    }
    return new PeakRates(rates);
  }

  /** The highest of all rates of the type networks compute in, operations a second. */
  public double highest(Precision precision) {
    // what has units for one 16-bit type has as many for the other
    DataType type = precision == Precision.FP32 ? DataType.FLOAT32 : DataType.BFLOAT16;
    return rates.stream()
        .filter(rate -> rate.type().equals(name(type)))
        .mapToDouble(Rate::flops)
        .max()
        .orElse(Double.NaN);
  }

  private static Rate matmul(NDManager manager, DataType type) {
    Rate best = new Rate("matmul", name(type), "", 0);
    boolean gpu = manager.getDevice().isGpu(); // which only large products keep busy
    for (int n : gpu ? new int[] {2048, 4096, 8192} : new int[] {512, 1024, 2048}) {
      try (Scope scope = new Scope()) {
        NDArray a = random(manager, type, n, n);
        NDArray b = random(manager, type, n, n);
        double flops = 2.0 * n * n * n / new Stopwatch(manager).best(() -> a.matMul(b));
        best = better(best, "%d x %d x %d".formatted(n, n, n), flops);
      }
    }
    return best;
  }

  private static Rate convolution(NDManager manager, DataType type) {
    Rate best = new Rate("conv", name(type), "", 0);
    int rows = manager.getDevice().isGpu() ? 16 : 1;
    for (int[] s : new int[][] {{320, 64}, {640, 32}, {1280, 32}}) {
      try (Scope scope = new Scope()) {
        int c = s[0];
        NDArray x = random(manager, type, rows, c, s[1], s[1]);
        NDArray w = random(manager, type, c, c, 3, 3);
        Shape padding = new Shape(1, 1);
        double seconds = new Stopwatch(manager).best(() -> Ops.conv(x, w, null, 1, padding));
        double flops = 18.0 * rows * c * c * s[1] * s[1] / seconds;
        best = better(best, "3x3, %d x %d channels, %d x %d".formatted(rows, c, s[1], s[1]), flops);
      }
    }
    return best;
  }

  private static Rate better(Rate best, String shape, double flops) {
    return flops > best.flops() ? new Rate(best.kind(), best.type(), shape, flops) : best;
  }

  private static NDArray random(NDManager manager, DataType type, long... shape) {
    return Ops.cast(manager.randomNormal(new Shape(shape)), type);
  }

  static String name(DataType type) {
    return type == DataType.BFLOAT16 ? "bfloat16" : type.toString();
  }
}
