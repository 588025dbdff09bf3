/**
 * The convolutional blocks that U-Nets and image autoencoders share: {@link
 * dmdx.nn.resnet.ResnetBlock}, {@link dmdx.nn.resnet.Downsample}, {@link dmdx.nn.resnet.Upsample}.
 *
 * <p>Legend: B batch, C channels, H W height and width, E width of the time embedding.
 */
@NullMarked
package dmdx.nn.resnet;

import org.jspecify.annotations.NullMarked;
