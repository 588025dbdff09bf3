package dmdx.api;

import ai.djl.ndarray.NDArray;
import org.jspecify.annotations.Nullable;

/**
 * What fake and real score say about one batch of student samples.
 *
 * <p>All tensors are float32 {@code [B, …]}.
 *
 * @param student {@code x0_hat}, the student's clean samples; the gradient's way into the student
 * @param t times at which the samples were diffused, one per row
 * @param s times {@code t - dt} that the ODE steps lead to
 * @param fakeClean the fake score's clean estimate at {@code x_t}
 * @param realClean the real score's clean estimate at {@code x_t}, with guidance; constant unless
 *     asked for as {@code DIFFERENTIABLE_REAL}
 * @param fakeStep {@code x_fake}, the fake score's ODE step; depends on {@code student}
 * @param realStep {@code x_real}, the real score's ODE step; as constant as {@code realClean}
 * @param pairTarget {@code x0} of the ODE pair; constant
 */
public record ScoreEstimates(
    NDArray student,
    double[] t,
    double[] s,
    @Nullable NDArray fakeClean,
    @Nullable NDArray realClean,
    @Nullable NDArray fakeStep,
    @Nullable NDArray realStep,
    @Nullable NDArray pairTarget) {

  /**
   * @return {@link #fakeClean} {@code [B, …]}
   * @throws IllegalStateException if it was not asked for
   */
  public NDArray requireFakeClean() {
    return required(fakeClean, "CLEAN_ESTIMATES");
  }

  /**
   * @return {@link #realClean} {@code [B, …]}
   * @throws IllegalStateException if it was not asked for
   */
  public NDArray requireRealClean() {
    return required(realClean, "CLEAN_ESTIMATES");
  }

  /**
   * @return {@link #fakeStep} {@code [B, …]}
   * @throws IllegalStateException if it was not asked for
   */
  public NDArray requireFakeStep() {
    return required(fakeStep, "ODE_STEPS");
  }

  /**
   * @return {@link #realStep} {@code [B, …]}
   * @throws IllegalStateException if it was not asked for
   */
  public NDArray requireRealStep() {
    return required(realStep, "ODE_STEPS");
  }

  /**
   * @return {@link #pairTarget} {@code [B, …]}
   * @throws IllegalStateException if it was not asked for
   */
  public NDArray requirePairTarget() {
    return required(pairTarget, "ODE_PAIRS");
  }

  private static NDArray required(@Nullable NDArray x, String input) {
    if (x == null) {
      throw new IllegalStateException(
          "this stage supplies no %s, or the divergence did not list it in inputs()"
              .formatted(input));
    }
    return x;
  }
}
