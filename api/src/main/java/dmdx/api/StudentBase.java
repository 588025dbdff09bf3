package dmdx.api;

import dmdx.api.network.Denoiser;
import dmdx.api.network.Weights;

/**
 * The network that students and fake scores start as copies of, and whose frozen hidden states the
 * latent discriminator looks at.
 *
 * @param denoiser a network that predicts what the teacher's denoiser predicts
 * @param weights its frozen weights
 */
public record StudentBase(Denoiser denoiser, Weights weights) {}
