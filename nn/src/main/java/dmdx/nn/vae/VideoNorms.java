package dmdx.nn.vae;

import dmdx.nn.layer.GroupNorm;

/**
 * What the norms of an encoder or decoder have in common.
 *
 * @param groups groups of channels
 * @param eps added to the variance
 * @param latentChannels Z of the latents that a decoder's norms look at; 0 in an encoder
 */
record VideoNorms(int groups, double eps, int latentChannels) {

  /** The norm of that name. */
  VideoNorm at(String name, int channels) {
    return latentChannels == 0
        ? new VideoNorm.Plain(new GroupNorm(name, channels, groups, eps))
        : new SpatialNorm(name, channels, groups, eps, latentChannels);
  }
}
