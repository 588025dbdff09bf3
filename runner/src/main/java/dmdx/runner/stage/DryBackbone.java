package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import dmdx.api.Conditioning;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.FeatureTap;
import dmdx.api.ImageSize;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A backbone for a rehearsal.
 *
 * @param backbone the real one
 * @param weights its weights, without elements
 */
record DryBackbone(DiscriminatorBackbone backbone, Weights weights)
    implements DiscriminatorBackbone {

  @Override
  public Network network() {
    return backbone.network();
  }

  @Override
  public List<FeatureTap> taps() {
    return backbone.taps();
  }

  @Override
  public List<long[]> mapSizes(ImageSize input) {
    return backbone.mapSizes(input);
  }

  @Override
  public List<NDArray> features(
      Pass pass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning) {
    return backbone.features(pass, x, t, conditioning);
  }

  @Override
  public void close() {
    backbone.close();
  }
}
