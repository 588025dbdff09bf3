package dmdx.api.network;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import org.jspecify.annotations.Nullable;

/** One forward pass: where its weights come from, who owns its tensors, what is recorded. */
public interface Pass {

  /** The manager that owns tensors created during the pass. */
  NDManager scope();

  /** The weight of that name, in the shape of its {@link ParameterSpec}. */
  NDArray weight(String name);

  /** The parts of that weight; see {@link Weights#lowRank}. */
  default @Nullable LowRank lowRank(String name) {
    return null;
  }

  /**
   * Runs one block of the network, the unit whose intermediate tensors are freed (and, on a tape,
   * recomputed) together.
   *
   * @param name module path of the block
   * @param block the computation; it reads no tensors but its arguments and the pass's weights
   * @param inputs its inputs
   * @return the block's result, owned by {@link #scope()}
   */
  NDArray block(String name, Block block, NDArray... inputs);

  /**
   * {@link #block} with several results.
   *
   * @return the block's results, owned by {@link #scope()}
   */
  default NDList multiBlock(String name, MultiBlock block, NDArray... inputs) {
    return block.forward(this, inputs);
  }

  /**
   * Runs a part of the network that consists of blocks. Its intermediate tensors are freed
   * together; what is recomputed are the blocks in it, one by one.
   *
   * @return the part's result, owned by {@link #scope()}
   */
  default NDArray group(String name, Block part, NDArray... inputs) {
    return block(name, part, inputs);
  }

  /**
   * Offers a hidden state for recording.
   *
   * @param name module path of the layer that produced it
   * @return {@code value}, so that calls chain
   */
  NDArray tap(String name, NDArray value);

  /** A block of a network. */
  @FunctionalInterface
  interface Block {
    /**
     * @param pass the pass to read weights from
     * @param inputs the block's inputs, in the order given to {@link Pass#block}
     * @return the block's result, of whatever shape
     */
    NDArray forward(Pass pass, NDArray... inputs);
  }

  /** A block of a network with several results, such as an output and what it remembers. */
  @FunctionalInterface
  interface MultiBlock {
    /**
     * @param pass the pass to read weights from
     * @param inputs the block's inputs, in the order given to {@link Pass#multiBlock}
     * @return the same number of results for the same inputs
     */
    NDList forward(Pass pass, NDArray... inputs);
  }
}
