/** The {@code cogvideox} teacher. */
@NullMarked
package dmdx.teacher.cogvideox;

import org.jspecify.annotations.NullMarked;
