package dmdx.nn.torch;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code x W^T + b} as a convolution by 1x1. libtorch multiplies float32 matrices with MKL, which
 * uses half the width of an AMD processor with AVX-512, and convolves with oneDNN, which uses all
 * of it: with many rows a convolution takes half the time, with few it takes longer.
 *
 * <p>The system property {@code dmdx.linear} decides otherwise: {@code matmul} never convolves,
 * {@code convolution} does on any processor.
 */
final class ConvolvedLinear {
  /** Fewer rows do not repay the time in which the convolution rearranges the weight. */
  private static final long ROWS = 512;

  /** With fewer pictures than this and one thread, libtorch convolves with MKL too. */
  private static final long PICTURES = 16;

  private static final boolean WINS =
      switch (System.getProperty("dmdx.linear", "")) {
        case "matmul" -> false;
        case "convolution" -> true;
        default -> isWideAmd(Path.of("/proc/cpuinfo"));
      };

  private ConvolvedLinear() {}

  /** Whether this computes what {@code linear} would, in less time. */
  static boolean isFaster(PtNDArray x, PtNDArray weight) {
    long in = weight.getShape().get(1);
    return WINS
        && in > 0
        && x.size() / in >= ROWS
        && x.size() / in % PICTURES == 0
        && x.getDataType() == DataType.FLOAT32
        && weight.getDataType() == DataType.FLOAT32
        && Device.cpu().equals(x.getDevice());
  }

  /**
   * @param x {@code […, in]}, of a multiple of 16 rows
   * @param weight {@code [out, in]}
   */
  static NDArray forward(PtNDArray x, PtNDArray weight, @Nullable PtNDArray bias) {
    long in = weight.getShape().get(1);
    long out = weight.getShape().get(0);
    long height = x.size() / in / PICTURES;
    // channels last in memory, as x and the result are: nothing is copied
    NDArray pictures = x.reshape(PICTURES, height, 1, in).transpose(0, 3, 1, 2);
    NDArray y =
        JniUtils.convolution(
            (PtNDArray) pictures,
            (PtNDArray) weight.reshape(out, in, 1, 1),
            bias,
            new Shape(1, 1),
            new Shape(0, 0),
            new Shape(1, 1),
            1);
    Shape leading = x.getShape().slice(0, x.getShape().dimension() - 1);
    return y.transpose(0, 2, 3, 1).reshape(leading.add(out));
  }

  static boolean isWideAmd(Path cpuInfo) {
    if (!Files.isReadable(cpuInfo)) {
      return false;
    }
    try {
      List<String> lines = Files.readAllLines(cpuInfo);
      return lines.stream().anyMatch(l -> l.startsWith("vendor_id") && l.endsWith("AuthenticAMD"))
          && lines.stream().anyMatch(l -> l.startsWith("flags") && l.contains(" avx512f"));
    } catch (IOException e) {
      return false;
    }
  }
}
