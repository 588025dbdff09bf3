package dmdx.nn.backbone;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import java.util.ArrayList;
import java.util.List;

/** A transformer over the patches of a square picture. */
public interface LayeredEncoder extends Network {

  Dimensions dimensions();

  /** Module path of layer i, counted from 0. */
  String layerName(int i);

  /** Whether a tensor of the checkpoint belongs to parts of the model that the encoder is not. */
  default boolean ignores(String tensorName) {
    return false;
  }

  /**
   * The first hidden state.
   *
   * @param pixels normalised RGB {@code [B, 3, H, W]}
   * @return {@code [B, …]}, in the layout that {@link #layer} and {@link #map} take
   */
  NDArray embed(Pass pass, NDArray pixels);

  /**
   * The hidden state behind layer i, counted from 0.
   *
   * @param x the one before it
   * @return the same shape
   */
  NDArray layer(Pass pass, int i, NDArray x);

  /**
   * A hidden state at the patches.
   *
   * @param grid side of the patch grid
   * @return {@code [B, h, g, g]}
   */
  NDArray map(NDArray state, int grid);

  /**
   * The hidden states up to the given depth, offered as {@code hidden_states.k}.
   *
   * @param pixels normalised RGB {@code [B, 3, H, W]}
   * @param depth number of layers to run
   * @return {@code depth + 1} states: the embedded patches, then each layer's output
   */
  default List<NDArray> hiddenStates(Pass pass, NDArray pixels, int depth) {
    NDArray x = pass.block("embed", (p, in) -> embed(p, in[0]), pixels);
    List<NDArray> states = new ArrayList<>();
    x = pass.tap("hidden_states.0", x);
    states.add(x);
    for (int i = 0; i < depth; i++) {
      int number = i;
      x = pass.block(layerName(i), (p, in) -> layer(p, number, in[0]), x);
      x = pass.tap("hidden_states." + states.size(), x);
      states.add(x);
    }
    return states;
  }

  /**
   * How large an encoder is.
   *
   * @param depth number of layers
   * @param width hidden width h
   * @param patch side of a patch in pixels
   */
  record Dimensions(int depth, int width, int patch) {}
}
