/**
 * What students and discriminators minimise: convolutional heads, the hinge loss, and the
 * divergences {@code adm}, {@code dmd} and {@code rectified-flow}.
 *
 * <p>Shapes: B batch, C channels, H W height and width.
 */
@NullMarked
package dmdx.losses;

import org.jspecify.annotations.NullMarked;
