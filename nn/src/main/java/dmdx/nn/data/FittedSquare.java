package dmdx.nn.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;

/**
 * The preprocessing of HPSv2: the long side of a picture is scaled to that of a square without
 * rounding to 8 bits, bicubically, and zeros fill up the rest evenly on both sides.
 *
 * @param side of the square in pixels
 * @param antialias whether shrinking widens the kernel ({@link ResizeFilter#BICUBIC}) rather than
 *     skips pixels ({@link TensorResize#interpolate}), which is what HPSv2 was published with
 */
public record FittedSquare(int side, boolean antialias) {

  /**
   * @return RGB in about [0, 1], cubics overshoot, {@code [1, 3, side, side]}, owned by {@code
   *     manager}
   */
  public NDArray of(RgbImage image, NDManager manager) {
    NDArray x =
        manager.create(
            image.planes(), new Shape(1, RgbImage.CHANNELS, image.height(), image.width()));
    int longer = Math.max(image.height(), image.width());
    if (longer == side) {
      return x; // the reference pads nothing then
    }
    double scale = (double) side / longer;
    int height = (int) Math.rint(image.height() * scale);
    int width = (int) Math.rint(image.width() * scale);
    NDArray resized =
        antialias
            ? TensorResize.resize(x, height, width, ResizeFilter.BICUBIC)
            : TensorResize.interpolate(x, height, width);
    int left = (side - width) / 2;
    int top = (side - height) / 2;
    return Ops.pad(resized, left, side - width - left, top, side - height - top);
  }
}
