package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.FeatureTap;
import dmdx.api.ImageSize;
import dmdx.api.Teacher;
import dmdx.api.network.Network;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.weights.ForwardPass;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The latent discriminator's backbone: the frozen teacher's own hidden states. */
final class TeacherBackbone implements DiscriminatorBackbone {
  private final Teacher teacher;
  private final Weights weights;
  private final Set<String> names;

  /**
   * @param weights those of the student base, in the type it computes in
   */
  TeacherBackbone(Teacher teacher, Weights weights) {
    this.teacher = teacher;
    this.weights = weights;
    names = teacher.taps().stream().map(FeatureTap::name).collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public Network network() {
    return teacher.studentBase().denoiser();
  }

  @Override
  public Weights weights() {
    return weights;
  }

  @Override
  public List<FeatureTap> taps() {
    return teacher.taps();
  }

  @Override
  public List<long[]> mapSizes(ImageSize input) {
    Shape latent = teacher.codec().latentShape(1, input);
    return taps().stream().map(tap -> mapSize(tap, latent)).toList();
  }

  /** The latents' size over the tap's stride; frames are never merged. */
  static long[] mapSize(FeatureTap tap, Shape latent) {
    int axes = latent.dimension();
    long frames = axes == 5 ? latent.get(2) : 1;
    long height = (latent.get(axes - 2) + tap.stride() - 1) / tap.stride();
    long width = (latent.get(axes - 1) + tap.stride() - 1) / tap.stride();
    return switch (tap.dimensions()) {
      case 0 -> new long[0];
      case 2 -> new long[] {height, width};
      default -> new long[] {frames, height, width};
    };
  }

  @Override
  public List<NDArray> features(
      Pass pass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning) {
    if (t == null || conditioning == null) {
      throw new IllegalArgumentException("the teacher's features need times and conditioning");
    }
    ForwardPass recording = ForwardPass.recording(weights(), pass.scope(), names);
    NDArray output =
        teacher
            .studentBase()
            .denoiser()
            .forward(
                recording,
                x,
                Diffusion.rows(x, t, u -> u).reshape(new Shape(t.length)),
                conditioning);
    output.close();
    return taps().stream().map(tap -> recording.tap(tap.name())).toList();
  }

  @Override
  public void close() {
    // the teacher is the run's
  }
}
