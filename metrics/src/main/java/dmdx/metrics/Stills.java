package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;

/** What metrics of pictures see of samples: pictures as they are, the middle frame of videos. */
final class Stills {
  private Stills() {}

  /**
   * @param metric its name, for the message
   * @param decoded pictures {@code [B, 3, H, W]} or videos {@code [B, 3, T, H, W]}
   * @param owner its device is the result's
   * @return {@code [B, 3, H, W]}, float32 in [-1, 1], clamped
   */
  static NDArray of(String metric, NDArray decoded, NDManager owner) {
    Shape shape = decoded.getShape();
    int rank = shape.dimension();
    if ((rank != 4 && rank != 5) || shape.get(1) != 3) {
      throw new IllegalArgumentException(
          "metric '%s': the codec decoded samples of shape %s, expected pictures [B, 3, H, W] or videos [B, 3, T, H, W]. Take the metric out of 'evaluate.metrics'."
              .formatted(metric, shape));
    }
    NDArray still = decoded;
    if (rank == 5) {
      long middle = shape.get(2) / 2;
      still = Ops.slice(decoded, 2, middle, middle + 1).squeeze(2);
    }
    return still.toDevice(owner.getDevice(), false).toType(DataType.FLOAT32, false).clip(-1, 1);
  }
}
