/**
 * What heads of a discriminator have in common: a plugin writes a {@link dmdx.nn.heads.Head}, and
 * {@link dmdx.nn.heads.TapHeads} makes one for every tap.
 */
@NullMarked
package dmdx.nn.heads;

import org.jspecify.annotations.NullMarked;
