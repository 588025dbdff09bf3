package dmdx.nn.vae;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import dmdx.api.network.Pass;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The pass of one chunk of a video.
 *
 * @param pass supplies weights, takes hidden states
 * @param cache what convolutions remember from the chunk before
 * @param latents the chunk's latents {@code [B, Z, t, h, w]}, which the decoder's norms look at;
 *     null in an encoder
 */
record ChunkPass(Pass pass, CausalCache cache, @Nullable NDArray latents) {

  /**
   * {@link Pass#block} with the latents, and what the block's convolutions remember, among the
   * inputs. What they remember then is among the results, so that a block may run again.
   */
  NDArray block(String name, Block block, NDArray x) {
    NDList inputs = inputs(x);
    int own = inputs.size();
    List<String> before = cache.convolutions(name);
    before.forEach(convolution -> inputs.add(cache.frames(convolution)));
    List<String> after = new ArrayList<>();
    NDList results =
        pass.multiBlock(
            name,
            (p, in) -> {
              CausalCache part = CausalCache.within();
              for (int i = 0; i < before.size(); i++) {
                part.remember(before.get(i), in[own + i]);
              }
              NDArray y = block.forward(new ChunkPass(p, part, own == 1 ? null : in[1]), in[0]);
              after.clear();
              after.addAll(part.convolutions(name));
              NDList all = new NDList(y);
              after.forEach(convolution -> all.add(part.frames(convolution)));
              return all;
            },
            inputs.toArray(NDArray[]::new));
    for (int i = 0; i < after.size(); i++) {
      cache.remember(after.get(i), results.get(1 + i));
    }
    return results.head();
  }

  /** {@link Pass#group} with the latents among the inputs. */
  NDArray group(String name, Block part, NDArray x) {
    return pass.group(
        name,
        (p, in) -> part.forward(new ChunkPass(p, cache, in.length == 1 ? null : in[1]), in[0]),
        inputs(x).toArray(NDArray[]::new));
  }

  private NDList inputs(NDArray x) {
    return latents == null ? new NDList(x) : new NDList(x, latents);
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
