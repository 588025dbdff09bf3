/**
 * Checkpoints of a training stage.
 *
 * <p>Layout, under the stage's folder:
 *
 * <pre>
 * checkpoints/00000200/state.json              iteration, stage, versions, SHA-256 of every file
 *                      &lt;role&gt;/state.safetensors  flat weights, average, optimizer moments, float32
 * </pre>
 *
 * A checkpoint is written under a temporary name, synced and renamed, so that a folder with its
 * final name is complete. {@link dmdx.runner.checkpoint.CheckpointStore} is the entry point.
 */
@NullMarked
package dmdx.runner.checkpoint;

import org.jspecify.annotations.NullMarked;
