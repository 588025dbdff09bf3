package dmdx.nn.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.dryrun.DryRun;

/**
 * A counter-based source of random numbers: every stream is a function of its keys alone, the same
 * on every machine and device, so nothing needs saving to resume a run.
 */
public final class Noise {
  private static final long GOLDEN = 0x9E3779B97F4A7C15L;
  private long state;

  private Noise(long state) {
    this.state = state;
  }

  /**
   * The stream of these keys.
   *
   * @param keys numbers and texts, for instance run seed, stage, iteration, purpose
   */
  public static Noise of(Object... keys) {
    long h = 0x6A09E667F3BCC908L;
    for (Object key : keys) {
      if (key instanceof Number number) {
        h = mix(h ^ mix(number.longValue() + GOLDEN));
      } else {
        for (char c : key.toString().toCharArray()) {
          h = mix(h ^ (c + GOLDEN));
        }
        h = mix(h + GOLDEN);
      }
    }
    return new Noise(h);
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  private long next() {
    state += GOLDEN;
    return mix(state);
  }

  /** Uniform in [0, 1). */
  public double uniform() {
    return (next() >>> 11) * 0x1.0p-53;
  }

  /** Uniform in {@code 0 … bound-1}. */
  public int below(int bound) {
    return (int) (uniform() * bound);
  }

  /** Unit Gaussian values of that shape, float32. */
  public NDArray gaussian(NDManager manager, Shape shape) {
    if (DryRun.isDry(manager)) {
      return manager.create(shape);
    }
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i += 2) {
      double radius = Math.sqrt(-2 * StrictMath.log(1 - uniform()));
      double angle = 2 * Math.PI * uniform();
      values[i] = (float) (radius * StrictMath.cos(angle));
      if (i + 1 < values.length) {
        values[i + 1] = (float) (radius * StrictMath.sin(angle));
      }
    }
    try (NDArray lent = manager.create(values, shape)) {
      return lent.duplicate(); // in memory that a gradient's graph can keep
    }
  }
}
