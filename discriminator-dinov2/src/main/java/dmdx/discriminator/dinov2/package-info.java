/**
 * DINOv2's image encoder, the variants without registers: {@link
 * dmdx.discriminator.dinov2.Dinov2Encoder} is the network, {@link
 * dmdx.discriminator.dinov2.Dinov2BackboneProvider} the plugin.
 *
 * <p>Shapes: B batch, p patch side, G patches along a side of the pictures trained on, g and w rows
 * and columns of patches of the picture at hand, N = 1 + g w tokens (the class token, then the
 * patches row by row), h hidden width, H heads, f width inside the feed-forward.
 */
@NullMarked
package dmdx.discriminator.dinov2;

import org.jspecify.annotations.NullMarked;
