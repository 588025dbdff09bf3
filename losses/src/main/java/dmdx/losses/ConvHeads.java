package dmdx.losses;

import ai.djl.ndarray.NDArray;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.FeatureTap;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Parameters;
import java.util.ArrayList;
import java.util.List;

/** One {@link ConvHead} per tap; head i is named {@code heads.i}. */
final class ConvHeads implements DiscriminatorHeads {
  private final List<ConvHead> heads;

  private ConvHeads(List<ConvHead> heads) {
    this.heads = heads;
  }

  /**
   * @throws IllegalArgumentException listing every tap that no such head fits
   */
  static ConvHeads of(List<FeatureTap> taps, List<long[]> mapSizes, ConvHeadsSettings settings) {
    if (taps.size() != mapSizes.size()) {
      throw new IllegalArgumentException(
          "conv heads: %d taps but %d map sizes".formatted(taps.size(), mapSizes.size()));
    }
    List<ConvHead> heads = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < taps.size(); i++) {
      try {
        heads.add(ConvHead.of("heads." + i, taps.get(i), mapSizes.get(i), settings));
      } catch (IllegalArgumentException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join(System.lineSeparator(), problems));
    }
    return new ConvHeads(List.copyOf(heads));
  }

  @Override
  public List<ParameterSpec> parameters() {
    return new Parameters().add(heads).list();
  }

  @Override
  public List<NDArray> logits(Pass pass, List<NDArray> features) {
    if (features.size() != heads.size()) {
      throw new IllegalArgumentException(
          "conv heads: %d feature maps for %d heads".formatted(features.size(), heads.size()));
    }
    List<NDArray> logits = new ArrayList<>();
    for (int i = 0; i < heads.size(); i++) {
      ConvHead head = heads.get(i);
      logits.add(pass.block(head.name(), (p, in) -> head.forward(p, in[0]), features.get(i)));
    }
    return logits;
  }
}
