package dmdx.nn.schedule;

/** How sampling steps are spread over the training timesteps. */
public enum TimestepGrid {
  /** Multiples of {@code N div n}, plus an offset; the noisiest step is below N-1. */
  LEADING,
  /** From N-1 downwards in steps of {@code N/n}, rounded half to even. */
  TRAILING,
  /** Evenly spaced from N-1 to 0, both included. */
  LINSPACE;

  /**
   * The grid, noisiest first. Only {@link #LINSPACE} has fractions.
   *
   * @param n sampling steps, {@code 1 … N}
   * @param trainTimesteps N
   * @param offset added to every step of {@link #LEADING}; the others ignore it
   * @throws IllegalArgumentException if {@code n} is out of range or the grid leaves {@code 0 …
   *     N-1}
   */
  public double[] timesteps(int n, int trainTimesteps, int offset) {
    if (n < 1 || n > trainTimesteps) {
      throw new IllegalArgumentException(
          "%d sampling steps; choose 1 to %d".formatted(n, trainTimesteps));
    }
    double[] grid = spread(n, trainTimesteps, offset);
    if (grid[0] > trainTimesteps - 1) {
      throw new IllegalArgumentException(
          "%d leading steps with offset %d start at timestep %s, beyond %d; use fewer steps"
              .formatted(n, offset, grid[0], trainTimesteps - 1));
    }
    return grid;
  }

  /**
   * The grid as the reference spreads it, in its arithmetic: halves are rounded as there. {@link
   * #LEADING} may start beyond N-1.
   */
  double[] spread(int n, int trainTimesteps, int offset) {
    double last = trainTimesteps - 1;
    int stride = trainTimesteps / n;
    // numpy.arange steps by the difference of its first two values, numpy.linspace by a quotient
    double fall = trainTimesteps + -(double) trainTimesteps / n - trainTimesteps;
    double rise = n == 1 ? 0 : last / (n - 1);
    double[] grid = new double[n];
    for (int i = 0; i < n; i++) {
      int fromClean = n - 1 - i;
      grid[i] =
          switch (this) {
            case LEADING -> (double) fromClean * stride + offset;
            case TRAILING -> Math.rint(trainTimesteps + i * fall) - 1;
            case LINSPACE -> i == 0 && n > 1 ? last : fromClean * rise;
          };
    }
    return grid;
  }

  /**
   * The timesteps of a student: trailing, so that the first is the noisiest, N-1, and none is 0.
   *
   * @param n sampling steps
   * @param trainTimesteps N
   * @throws IllegalArgumentException if there are too many steps
   */
  public static double[] ofStudent(int n, int trainTimesteps) {
    double[] steps = TRAILING.timesteps(n, trainTimesteps, 0);
    if (steps[n - 1] < 1) {
      throw new IllegalArgumentException(
          "%d student steps end at timestep %s; choose fewer".formatted(n, steps[n - 1]));
    }
    return steps;
  }

  /** {@link #timesteps} rounded to whole numbers, half to even. */
  public int[] rounded(int n, int trainTimesteps, int offset) {
    double[] grid = timesteps(n, trainTimesteps, offset);
    int[] whole = new int[n];
    for (int i = 0; i < n; i++) {
      whole[i] = (int) Math.rint(grid[i]);
    }
    return whole;
  }
}
