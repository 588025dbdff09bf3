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

  /** The features {@link #features} returns, in order. */
  List<FeatureTap> taps();

  /**
   * The size of each feature for an input of the given size, in tap order: {@code {}} for a vector,
   * {@code {h, w}} for a map of a picture, {@code {t, h, w}} for that of a video.
   */
  List<long[]> mapSizes(ImageSize input);

  /**
   * @param pass supplies {@link #weights()}
   * @param x latents or RGB pixels in [-1, 1], {@code [B, C, H, W]} or {@code [B, C, T, H, W]};
   *     resizing and normalisation happen inside
   * @param t times, one per row; {@code null} for pixel backbones
   * @param conditioning {@code null} for pixel backbones
   * @return one vector {@code [B, C]} or map {@code [B, C, H, W]}, {@code [B, C, T, H, W]} per tap
   */
  List<NDArray> features(
      Pass pass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning);

  @Override
  void close();
}
