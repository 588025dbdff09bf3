package dmdx.api;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A frozen feature extractor in front of trainable discriminator heads. Gradients flow to its
 * input, not to its weights.
 */
public interface DiscriminatorBackbone extends AutoCloseable {

  Network network();

  /** The frozen weights. */
  Weights weights();

  /** The feature maps {@link #features} returns, in order. */
  List<FeatureTap> taps();

  /** Height and width of each feature map for an input of the given size, in tap order. */
  List<long[]> mapSizes(ImageSize input);

  /**
   * @param pass supplies {@link #weights()}
   * @param x latents or RGB pixels in [-1, 1], {@code [B, C, H, W]} or {@code [B, C, T, H, W]};
   *     resizing and normalisation happen inside
   * @param t times, one per row; {@code null} for pixel backbones
   * @param conditioning {@code null} for pixel backbones
   * @return one map {@code [B, C, H, W]} (or {@code [B, C, T, H, W]}) per tap
   */
  List<NDArray> features(
      Pass pass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning);

  @Override
  void close();
}
