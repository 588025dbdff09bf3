package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Pass;
import org.jspecify.annotations.Nullable;

/**
 * The pass of one chunk of a video.
 *
 * @param pass supplies weights, takes hidden states
 * @param cache what convolutions remember from the chunk before. It reaches a block beside the
 *     block's inputs, so that a pass has to run every block once
 * @param latents the chunk's latents {@code [B, Z, t, h, w]}, which the decoder's norms look at;
 *     null in an encoder
 */
record ChunkPass(Pass pass, CausalCache cache, @Nullable NDArray latents) {

  /** {@link Pass#block} with the latents among the inputs. */
  NDArray block(String name, Block block, NDArray x) {
    NDArray[] inputs = latents == null ? new NDArray[] {x} : new NDArray[] {x, latents};
    return pass.block(
        name,
        (p, in) -> block.forward(new ChunkPass(p, cache, in.length == 1 ? null : in[1]), in[0]),
        inputs);
  }

  NDArray tap(String name, NDArray value) {
    return pass.tap(name, value);
  }

  /** A block of a video network. */
  @FunctionalInterface
  interface Block {
    NDArray forward(ChunkPass chunk, NDArray x);
  }
}
