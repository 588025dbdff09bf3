package dmdx.api.network;

import ai.djl.ndarray.NDArray;
import dmdx.api.Conditioning;

/** The network of a diffusion model. */
public interface Denoiser extends Network {

  /**
   * @param pass supplies the weights
   * @param x noisy latents {@code [B, C, H, W]} or {@code [B, C, T, H, W]}
   * @param t timesteps {@code [B]}, float32, in network units
   * @param conditioning B rows
   * @return prediction of the shape of {@code x}, in the type the network computes in, which is
   *     that of the pass's weights; its meaning is the parameterization's
   */
  NDArray forward(Pass pass, NDArray x, NDArray t, Conditioning conditioning);
}
