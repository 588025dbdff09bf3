/**
 * What students and discriminators minimise: heads on feature maps and vectors, the GAN objectives
 * {@code hinge} and {@code softplus}, and the divergences, all found as services.
 *
 * <p>Shapes: B batch, C channels, T frames, H W height and width.
 */
@NullMarked
package dmdx.losses;

import org.jspecify.annotations.NullMarked;
