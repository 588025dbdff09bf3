package dmdx.nn.backbone;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import java.util.List;

/** A transformer over the patches of a square picture. */
public interface LayeredEncoder extends Network {

  /** Number of layers. */
  int depth();

  /** Hidden width h. */
  int width();

  /** Side of a patch in pixels. */
  int patch();

  /** Module path of layer i, counted from 0. */
  String layerName(int i);

  /** Whether a tensor of the checkpoint belongs to parts of the model that the encoder is not. */
  default boolean ignores(String tensorName) {
    return false;
  }

  /**
   * The hidden states up to the given depth.
   *
   * @param pixels normalised RGB {@code [B, 3, H, W]}
   * @param depth number of layers to run
   * @return {@code depth + 1} states: the embedded patches, then each layer's output
   */
  List<NDArray> hiddenStates(Pass pass, NDArray pixels, int depth);

  /**
   * A hidden state at the patches.
   *
   * @param grid side of the patch grid
   * @return {@code [B, h, g, g]}
   */
  NDArray map(NDArray state, int grid);
}
