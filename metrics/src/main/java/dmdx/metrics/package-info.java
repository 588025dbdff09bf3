/**
 * How samples are scored, found as services: {@code attributes} asks a classifier whether pictures
 * show what was asked for; {@code clip-score}, {@code pick-score} and {@code hps} how well they
 * match their prompts; {@code lpips} measures diversity, {@code frechet} how far samples are from
 * the reference's and how much of it they cover; {@code plane} judges points.
 *
 * <p>The multi-dimensional preference score (MPS) is not among them: it is published as a pickled
 * object of its own program's classes, not as named tensors, so that nothing but that program can
 * tell what is in the file.
 *
 * <p>Shapes: B batch, T frames, H W height and width, F features, P width of embeddings.
 */
@NullMarked
package dmdx.metrics;

import org.jspecify.annotations.NullMarked;
