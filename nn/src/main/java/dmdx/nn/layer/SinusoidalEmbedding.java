package dmdx.nn.layer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.torch.Ops;

/**
 * Sines and cosines of a timestep at geometric frequencies, always in float32: {@code f_k =
 * exp(-ln(10000) k / (width/2 - shift))}.
 *
 * @param width D, even
 * @param cosineFirst {@code flip_sin_to_cos} of the checkpoint
 * @param shift {@code freq_shift} of the checkpoint
 */
public record SinusoidalEmbedding(int width, boolean cosineFirst, double shift) {

  /**
   * @param t {@code [B]}, float32
   * @return {@code [B, D]}, float32
   */
  public NDArray forward(NDArray t) {
    int half = width / 2;
    float[] frequencies = new float[half];
    for (int k = 0; k < half; k++) {
      float product = (float) -Math.log(10000) * k;
      frequencies[k] = (float) Math.exp((float) (product / (half - shift)));
    }
    NDArray f = Ops.constant(t, frequencies, new Shape(1, half));
    NDArray angles = t.reshape(-1, 1).mul(f);
    NDArray cosines = angles.cos();
    NDArray sines = angles.sin();
    NDArray both = cosineFirst ? cosines.concat(sines, 1) : sines.concat(cosines, 1);
    if (width % 2 == 0) {
      return both;
    }
    NDArray zero = t.getManager().zeros(new Shape(t.size(), 1));
    return NDArrays.concat(new NDList(both, zero), 1);
  }
}
