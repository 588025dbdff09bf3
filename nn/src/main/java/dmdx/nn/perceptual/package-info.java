/**
 * How different two pictures look: {@link dmdx.nn.perceptual.Lpips}.
 *
 * <p>Legend: B pairs of pictures, H W height and width, C channels of a feature map.
 */
@NullMarked
package dmdx.nn.perceptual;

import org.jspecify.annotations.NullMarked;
