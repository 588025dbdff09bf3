/**
 * The fashion example: small colourful pictures of garments with captions, and the networks that a
 * distillation of them needs. {@link dmdx.examples.fashion.Workshop} is its command line.
 */
@NullMarked
package dmdx.examples.fashion;

import org.jspecify.annotations.NullMarked;
