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
  private final Set<String> names;

  TeacherBackbone(Teacher teacher) {
    this.teacher = teacher;
    names = teacher.taps().stream().map(FeatureTap::name).collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public Network network() {
    return teacher.studentBase().denoiser();
  }

  @Override
  public Weights weights() {
    return teacher.studentBase().weights();
  }

  @Override
  public List<FeatureTap> taps() {
    return teacher.taps();
  }

  @Override
  public List<long[]> mapSizes(ImageSize input) {
    Shape latent = teacher.codec().latentShape(1, input);
    int spatial = latent.dimension() - 2;
    return taps().stream()
        .map(
            tap -> {
              long height = latent.get(spatial);
              long width = latent.get(spatial + 1);
              return new long[] {
                (height + tap.stride() - 1) / tap.stride(),
                (width + tap.stride() - 1) / tap.stride()
              };
            })
        .toList();
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
