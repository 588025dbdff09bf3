/**
 * The stages of a run: {@code pretrain}, {@code collect}, {@code adp}, {@code adm}, {@code sample},
 * {@code evaluate}. {@link dmdx.runner.stage.Pipeline} chains those a configuration names.
 *
 * <p>Shapes: B batch, C channels, H W latent height and width.
 */
@NullMarked
package dmdx.runner.stage;

import org.jspecify.annotations.NullMarked;
