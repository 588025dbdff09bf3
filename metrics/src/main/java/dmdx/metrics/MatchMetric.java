package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Metric;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How well pictures match their prompts, by a CLIP: the mean over pictures of a function of the
 * cosine of the two embeddings. Of a video it sees the middle frame.
 */
final class MatchMetric implements Metric {
  private final String name;
  private final ClipCheckpoint clip;
  private final Formula formula;

  /** What becomes of a cosine. */
  @FunctionalInterface
  interface Formula {
    /**
     * @param scale {@code exp(logit_scale)} of the checkpoint
     */
    double score(double cosine, double scale);
  }

  MatchMetric(String name, ClipCheckpoint clip, Formula formula) {
    this.name = name;
    this.clip = clip;
    this.formula = formula;
  }

  @Override
  public Tally begin() {
    return new Matches();
  }

  @Override
  public void close() {
    clip.close();
  }

  private final class Matches implements Tally {
    private static final String SCORES = "scores";

    private final Prompts numbering = new Prompts();
    private final List<Float> scores = new ArrayList<>();
    private final PromptMean mean = new PromptMean();

    @Override
    public void add(NDArray decoded, List<String> asked) {
      Map<String, Integer> rows = new LinkedHashMap<>();
      asked.forEach(prompt -> rows.putIfAbsent(prompt, rows.size()));
      NDArray texts = clip.texts(List.copyOf(rows.keySet()));
      NDArray pictures = clip.pictures(Stills.of(name, decoded, clip.manager()));
      float[] cosines = pictures.matMul(texts.transpose()).toFloatArray(); // [B, T]
      double scale = clip.scale();
      for (int i = 0; i < asked.size(); i++) {
        int row = rows.getOrDefault(asked.get(i), 0);
        float score = (float) formula.score(cosines[i * rows.size() + row], scale);
        add(score, asked.get(i));
      }
    }

    private void add(float score, String prompt) {
      scores.add(score);
      mean.add(numbering.next(prompt), score);
    }

    @Override
    public List<Score> scores(Tally reference) {
      return List.of(mean.score(name, Format.NUMBER));
    }

    @Override
    public Optional<Map<String, NDArray>> save(NDManager owner) {
      return Optional.of(Map.of(SCORES, owner.create(Saved.floats(scores))));
    }

    @Override
    public void restore(Map<String, NDArray> saved, List<String> prompts) {
      float[] values = Saved.tensor(saved, SCORES).toFloatArray();
      for (int i = 0; i < values.length; i++) {
        add(values[i], prompts.get(i));
      }
    }
  }
}
