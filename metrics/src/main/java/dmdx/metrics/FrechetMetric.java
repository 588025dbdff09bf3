package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How the features of samples lie to those of the reference: {@link FrechetDistance} and {@link
 * Neighbourhoods}. Of a video it sees the middle frame.
 *
 * @param k which nearest neighbour
 */
record FrechetMetric(FeatureNetwork network, int k) implements Metric {

  @Override
  public Tally begin() {
    return new Seen();
  }

  @Override
  public void close() {
    network.close();
  }

  private final class Seen implements Tally {
    private static final String FEATURES = "features";
    private final FeatureRows features = new FeatureRows();

    @Override
    public void add(NDArray decoded, List<String> asked) {
      NDArray stills = Stills.of("frechet", decoded, network.manager());
      features.add(network.network().apply(stills), asked);
    }

    /** Without those of neighbourhoods if there are no more than k samples. */
    @Override
    public List<Score> scores(Tally reference) {
      FeatureRows other = ((Seen) reference).features;
      List<Score> scores = new ArrayList<>();
      scores.add(FrechetDistance.score("frechet", features, other));
      if (Math.min(features.rows().size(), other.rows().size()) > k) {
        scores.addAll(new Neighbourhoods(features, other, k).scores());
      }
      return scores;
    }

    @Override
    public Optional<Map<String, NDArray>> save(NDManager owner) {
      return Optional.of(Map.of(FEATURES, features.save(owner)));
    }

    @Override
    public void restore(Map<String, NDArray> saved, List<String> prompts) {
      features.add(Saved.tensor(saved, FEATURES), prompts);
    }
  }
}
