package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.Component;
import dmdx.api.ImageSize;
import dmdx.api.LatentCodec;
import dmdx.api.PipelineOrigin;
import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.network.Pass;
import dmdx.api.settings.SettingsException;
import dmdx.nn.pipeline.PipelineOriginFile;
import dmdx.nn.torch.Ops;
import dmdx.runner.plugin.PluginRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.mockito.AdditionalAnswers;
import org.mockito.Mockito;

@Tag("e2e")
class PretrainTests {
  private static final List<String> SETTINGS = List.of("stages=[pretrain]", "name=pretraining");
  @TempDir Path folder;
  private TinyRun tiny;

  @BeforeEach
  void layOut() throws IOException {
    tiny = TinyRun.create(folder);
  }

  /** Takes every fourth pixel for a latent, with a fourth channel like the first. */
  private record Sparse(@Nullable String component) implements LatentCodec {
    @Override
    public Shape latentShape(int rows, ImageSize size) {
      return new Shape(rows, 4, size.height() / 4, size.width() / 4);
    }

    @Override
    public int stride() {
      return 4;
    }

    @Override
    public NDArray encode(Pass pass, NDArray pixels) {
      Shape latent = latentShape(pixels);
      NDArray cells = pixels.reshape(latent.get(0), 3, latent.get(2), 4, latent.get(3), 4);
      NDArray few = Ops.slice(Ops.slice(cells, 3, 0, 1), 5, 0, 1);
      NDArray three = few.reshape(latent.get(0), 3, latent.get(2), latent.get(3));
      return three.concat(Ops.slice(three, 1, 0, 1), 1);
    }

    @Override
    public NDArray decode(Pass pass, NDArray latents) {
      long rows = latents.getShape().get(0);
      long h = latents.getShape().get(2);
      long w = latents.getShape().get(3);
      NDArray cells = Ops.slice(latents, 1, 0, 3).reshape(rows, 3, h, 1, w, 1);
      return twice(twice(twice(twice(cells, 3), 3), 5), 5).reshape(rows, 3, 4 * h, 4 * w);
    }

    private static NDArray twice(NDArray x, int axis) {
      return x.concat(x, axis);
    }

    private Shape latentShape(NDArray pixels) {
      Shape shape = pixels.getShape();
      return latentShape(
          (int) shape.get(0), new ImageSize((int) shape.get(2), (int) shape.get(3), 1));
    }
  }

  /** The plugins, of which {@code sdxl} has that codec in the place of its autoencoder. */
  private static PluginRegistry with(LatentCodec codec) {
    PluginRegistry plugins = Mockito.spy(PluginRegistry.discover(List.of()));
    TeacherProvider sdxl = plugins.teacher("sdxl");
    TeacherProvider provider =
        Mockito.mock(TeacherProvider.class, AdditionalAnswers.delegatesTo(sdxl));
    Mockito.doAnswer(
            call -> {
              Teacher own = sdxl.open(call.getArgument(0), call.getArgument(1));
              Map<String, Component> components = new LinkedHashMap<>(own.components());
              components.remove("vae");
              Teacher teacher = Mockito.mock(Teacher.class, AdditionalAnswers.delegatesTo(own));
              Mockito.doReturn(codec).when(teacher).codec();
              Mockito.doReturn(components).when(teacher).components();
              return teacher;
            })
        .when(provider)
        .open(Mockito.any(), Mockito.any());
    Mockito.doReturn(provider).when(plugins).teacher("sdxl");
    return plugins;
  }

  @Test
  void a_teacher_whose_codec_is_no_network_is_trained() {
    try (Pipeline pipeline = tiny.pipeline(SETTINGS, with(new Sparse(null)))) {
      assertEquals(1, pipeline.memory().size());
      pipeline.run();
    }
    assertEquals(
        new PipelineOrigin("sdxl", ImageSize.square(16)),
        PipelineOriginFile.find(folder.resolve("trained")));
    assertTrue(
        Files.exists(tiny.runFolder("pretraining").resolve("pretrain/samples/00000004.png")));
  }

  @Test
  void a_codec_that_names_the_denoiser_is_refused() {
    try (Pipeline pipeline = tiny.pipeline(SETTINGS, with(new Sparse("unet")))) {
      for (Executable attempt : List.<Executable>of(pipeline::memory, pipeline::run)) {
        String message = assertThrows(SettingsException.class, attempt).getMessage();
        assertTrue(message.contains("'unet', which is the denoiser"), message);
      }
    }
  }

  @Test
  void is_done_when_its_output_is_whatever_files_the_teacher_exports() throws IOException {
    tiny.run(SETTINGS);
    Path output = folder.resolve("trained");
    Files.delete(output.resolve("model_index.json"));
    tiny.run(SETTINGS);
    assertFalse(Files.exists(output.resolve("model_index.json")));
    Files.delete(output.resolve(PipelineOriginFile.NAME));
    assertThrows(SettingsException.class, () -> tiny.run(SETTINGS));
  }
}
