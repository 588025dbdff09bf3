package dmdx.losses;

import dmdx.api.settings.Settings;

/**
 * @param blocks number of convolution blocks
 * @param channels hidden width of a head is that of its tap, but at most this
 * @param groups groups of every GroupNorm, a divisor of the hidden width
 */
record ConvHeadsSettings(int blocks, int channels, int groups) {

  static ConvHeadsSettings from(Settings s) {
    return new ConvHeadsSettings(
        s.integer("blocks", 1, 12),
        s.integer("channels", 1, 1 << 14),
        s.integer("groups", 1, 4096));
  }
}
