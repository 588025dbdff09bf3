package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Metric;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.data.ResizeFilter;
import dmdx.nn.data.TensorResize;
import dmdx.nn.perceptual.Lpips;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ForwardPass;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How different the pictures of one prompt look: the mean LPIPS over all pairs of pictures of a
 * prompt. Of a video it sees the middle frame. Only the network's features of the current prompt's
 * pictures are kept.
 */
final class LpipsMetric implements Metric {
  private final Lpips network;
  private final int size;
  private final NDManager manager;
  private final Weights weights;

  /**
   * @param size short side in pixels that larger pictures are shrunk to; 0 leaves all as they are
   * @param manager owns the weights; closed with the metric
   */
  LpipsMetric(Lpips network, int size, NDManager manager, Weights weights) {
    this.network = network;
    this.size = size;
    this.manager = manager;
    this.weights = weights;
  }

  @Override
  public Tally begin() {
    return new Pairs();
  }

  @Override
  public void close() {
    manager.close();
  }

  /** {@code [B, 3, H, W]}, its short side at most {@code size}. */
  static NDArray shrunk(NDArray stills, int size) {
    Shape shape = stills.getShape();
    double scale = size / (double) Math.min(shape.get(2), shape.get(3));
    if (size == 0 || scale >= 1) {
      return stills;
    }
    int height = (int) Math.rint(shape.get(2) * scale);
    int width = (int) Math.rint(shape.get(3) * scale);
    return TensorResize.resize(stills, height, width, ResizeFilter.BICUBIC).clip(-1, 1);
  }

  private final class Pairs implements Tally {
    private static final String DISTANCES = "distances";
    private static final String PROMPTS = "prompts";

    private final Prompts numbering = new Prompts();
    private final List<List<NDArray>> current = new ArrayList<>();
    private final List<Float> distances = new ArrayList<>();
    private final List<Integer> prompts = new ArrayList<>();
    private final PromptMean mean = new PromptMean();
    private int prompt = -1;

    @Override
    public void add(NDArray decoded, List<String> asked) {
      NDArray stills = shrunk(Stills.of("lpips", decoded, manager), size);
      Pass pass = ForwardPass.of(weights, manager);
      for (int i = 0; i < asked.size(); i++) {
        int number = numbering.next(asked.get(i));
        if (number != prompt) {
          forget();
          prompt = number;
        }
        List<NDArray> features = network.maps(pass, Ops.slice(stills, 0, i, i + 1));
        for (List<NDArray> other : current) {
          add(number, network.between(pass, features, other).getFloat());
        }
        features.forEach(this::keep);
        current.add(features);
      }
    }

    private void add(int number, float distance) {
      distances.add(distance);
      prompts.add(number);
      mean.add(number, distance);
    }

    /** Lets a feature map outlive the batch. */
    private void keep(NDArray map) {
      map.attach(manager);
      NDScope.unregister(map);
    }

    private void forget() {
      current.forEach(features -> features.forEach(NDArray::close));
      current.clear();
    }

    /** Nothing if no prompt has two pictures. */
    @Override
    public List<Score> scores(Tally reference) {
      forget();
      return mean.isEmpty() ? List.of() : List.of(mean.score("lpips", Format.NUMBER));
    }

    @Override
    public Optional<Map<String, NDArray>> save(NDManager owner) {
      long[] numbers = prompts.stream().mapToLong(Integer::longValue).toArray();
      return Optional.of(
          Map.of(DISTANCES, owner.create(Saved.floats(distances)), PROMPTS, owner.create(numbers)));
    }

    @Override
    public void restore(Map<String, NDArray> saved, List<String> asked) {
      float[] values = Saved.tensor(saved, DISTANCES).toFloatArray();
      long[] numbers = Saved.tensor(saved, PROMPTS).toLongArray();
      for (int i = 0; i < values.length; i++) {
        add((int) numbers[i], values[i]);
      }
    }
  }
}
