package dmdx.nn.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.ImageSize;
import dmdx.api.LatentCodec;
import dmdx.api.NoiseSchedule;
import dmdx.api.Precision;
import dmdx.api.Teacher;
import dmdx.api.network.Weights;
import dmdx.nn.contract.TeacherContract;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.MapWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mockito.AdditionalAnswers;
import org.mockito.Mockito;

class PlaneTeacherTests {
  private static final PlaneNetwork NETWORK = new PlaneNetwork(4, 1);

  @TempDir Path folder;

  /** A standard Gaussian. */
  private static final class Blob implements PlaneDistribution {
    @Override
    public double density(double x, double y) {
      return Math.exp(-(x * x + y * y) / 2) / (2 * Math.PI);
    }

    @Override
    public List<double[]> modes() {
      return List.of(new double[2]);
    }

    @Override
    public double reach() {
      return 3;
    }

    @Override
    public PlaneGrid grid() {
      return new PlaneGrid(-4, 4, 8);
    }

    @Override
    public NDArray clean(NDArray x, double[] t, NoiseSchedule schedule) {
      return Ops.times(x, 0.5);
    }
  }

  @Test
  void keeps_what_teachers_promise() {
    try (PlaneTeacher teacher = new PlaneTeacher(folder, new Blob(), NETWORK, 1)) {
      assertEquals(List.of(), TeacherContract.problems(teacher, new ImageSize(1, 1, 1)));
    }
  }

  @Test
  void its_codec_has_no_component_and_must_not_name_the_denoisers() {
    try (PlaneTeacher teacher = new PlaneTeacher(folder, new Blob(), NETWORK, 1)) {
      assertNull(teacher.codec().component());
      LatentCodec codec = Mockito.spy(teacher.codec());
      Mockito.doReturn(PlaneTeacher.COMPONENT).when(codec).component();
      Teacher wrong = Mockito.mock(Teacher.class, AdditionalAnswers.delegatesTo(teacher));
      Mockito.doReturn(codec).when(wrong).codec();
      List<String> problems = TeacherContract.problems(wrong, new ImageSize(1, 1, 1));
      assertEquals(1, problems.size(), problems::toString);
      assertTrue(problems.get(0).contains("its component is the denoiser's, 'student'"));
    }
  }

  @Test
  void what_fails_to_open_frees_its_memory() throws IOException {
    Files.createDirectories(folder.resolve(PlaneTeacher.COMPONENT));
    NDManager manager = NDManager.newBaseManager();
    assertThrows(
        CheckpointException.class,
        () -> new PlaneTeacher(folder, new Blob(), NETWORK, 1, manager).close());
    assertFalse(manager.isOpen());
  }

  @Test
  void an_export_is_there_completely_or_not_at_all() throws IOException {
    Path source = Files.createDirectories(folder.resolve("source"));
    Files.writeString(source.resolve("blob.json"), "{}");
    Path target = folder.resolve("exports/student");
    try (PlaneTeacher teacher = new PlaneTeacher(source, new Blob(), NETWORK, 1)) {
      Weights none = new MapWeights("none", Map.of());
      assertThrows(
          RuntimeException.class,
          () -> teacher.export(target, Map.of(PlaneTeacher.COMPONENT, none), Precision.FP32, null));
      assertEquals(List.of(), names(target.getParent()));
      teacher.export(target, Map.of(), Precision.FP32, null);
      assertEquals(List.of("blob.json", "student"), names(target));
      assertThrows(
          CheckpointException.class, () -> teacher.export(target, Map.of(), Precision.FP32, null));
    }
    try (PlaneTeacher again = new PlaneTeacher(target, new Blob(), NETWORK, 1)) {
      Weights weights = again.studentBase().weights();
      assertEquals(new Shape(2, 4), weights.get("layers.1.weight").getShape());
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }
}
