package dmdx.api;

import ai.djl.ndarray.NDArray;

/** Solves the reverse process from unit noise to a clean latent. */
public interface Sampler {

  /**
   * @param denoise one (guided) evaluation of the denoiser
   * @param noise unit Gaussian noise {@code [B, C, H, W]}, float32; left unchanged
   * @return clean latents of the same shape, owned by the manager of {@code noise}
   */
  NDArray sample(Denoise denoise, NDArray noise);

  /**
   * Whether noise and latent are a pair of the probability-flow ODE: no fresh noise enters on the
   * way, not even noise that follows from a seed.
   */
  default boolean isDeterministic() {
    return true;
  }

  /** One evaluation of the network inside a sampler. */
  @FunctionalInterface
  interface Denoise {
    /**
     * @param x network input {@code [B, …]}, already scaled by the sampler
     * @param t network timestep, the same for every row
     * @return the network's output, of the same shape, owned by the manager of {@code x}
     */
    NDArray output(NDArray x, double t);
  }
}
