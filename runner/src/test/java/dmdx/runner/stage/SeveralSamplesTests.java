package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.mockito.AdditionalAnswers.delegatesTo;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.doReturn;
import static org.mockito.Mockito.mock;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.ImageSize;
import dmdx.api.LatentCodec;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A codec of which two samples make one picture; the picture is the second. */
@Tag("e2e")
class SeveralSamplesTests {
  private static final PipelineSampler.Guided GUIDED = new PipelineSampler.Guided(2, 2);
  @TempDir Path folder;

  private static TeacherProvider bundled() {
    return PluginRegistry.discover(List.of()).teacher("sdxl");
  }

  private static TeacherProvider inPairs() {
    TeacherProvider bundled = bundled();
    TeacherProvider provider = mock(TeacherProvider.class, delegatesTo(bundled));
    doAnswer(call -> inPairs(bundled.open(call.getArgument(0), call.getArgument(1))))
        .when(provider)
        .open(any(), any());
    return provider;
  }

  private static Teacher inPairs(Teacher whole) {
    LatentCodec codec = mock(LatentCodec.class, delegatesTo(whole.codec()));
    doReturn(2).when(codec).samplesPerPicture();
    doAnswer(call -> call.<NDArray>getArgument(0).get("1::2")).when(codec).pictures(any());
    Teacher teacher = mock(Teacher.class, delegatesTo(whole));
    doReturn(codec).when(teacher).codec();
    return teacher;
  }

  private float[] sampled(TeacherProvider provider, List<String> prompts, String rows) {
    Path teacher = folder.resolve("trained");
    try (NDManager manager = NDManager.newBaseManager();
        PipelineSampler sampler =
            new PipelineSampler(provider, teacher, null, ConfigFactory.empty(), Device.cpu())) {
      NDArray pictures = sampler.sample(prompts, ImageSize.square(16), 5, GUIDED, manager);
      NDArray chosen = pictures.get(rows);
      assertEquals(new Shape(2, 3, 16, 16), chosen.getShape());
      return chosen.toFloatArray();
    }
  }

  @Test
  void every_cell_shows_its_prompts_samples_together() throws IOException {
    TinyRun tiny = TinyRun.create(folder);
    tiny.pretrain();
    String red = TinyRun.PROMPTS.get(0);
    String blue = TinyRun.PROMPTS.get(1);
    assertArrayEquals(
        sampled(bundled(), List.of(red, red, blue, blue), "1::2"),
        sampled(inPairs(), List.of(red, blue), ":"),
        1e-5f);
  }
}
