/**
 * How samples are scored, found as services: {@code attributes} asks a classifier whether pictures
 * show what was asked for, and measures distance and diversity in its features.
 *
 * <p>Shapes: B batch, T frames, H W height and width, F features.
 */
@NullMarked
package dmdx.metrics;

import org.jspecify.annotations.NullMarked;
