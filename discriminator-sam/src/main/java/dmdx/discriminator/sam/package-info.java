/**
 * SAM's image encoder: {@link dmdx.discriminator.sam.SamVisionEncoder} is the network, {@link
 * dmdx.discriminator.sam.SamBackboneProvider} the plugin.
 *
 * <p>Shapes: B batch, G patches along a side, h hidden width, H heads, e = h/H head width, S window
 * side, T side of the square an attention sees (S or G). Grids are channels last: {@code [B, G, G,
 * h]}.
 */
@NullMarked
package dmdx.discriminator.sam;

import org.jspecify.annotations.NullMarked;
