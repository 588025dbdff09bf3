package dmdx.nn.clip;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.api.network.ParameterSpec;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OpenClipWeightsTests {
  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();

  @AfterEach
  void free() {
    manager.close();
  }

  /** The tiny model's weights in OpenCLIP's layout, written out by hand. */
  private Map<String, NDArray> translated(TrainableWeights weights) {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("logit_scale", weights.get("logit_scale"));
    tensors.put("text_projection", turned(weights.get("text_projection.weight")));
    tensors.put("visual.proj", turned(weights.get("visual_projection.weight")));
    tower(tensors, weights, "text_model.", "");
    tower(tensors, weights, "vision_model.", "visual.");
    String text = "text_model.embeddings.";
    tensors.put("token_embedding.weight", weights.get(text + "token_embedding.weight"));
    tensors.put("positional_embedding", weights.get(text + "position_embedding.weight"));
    String vision = "vision_model.embeddings.";
    tensors.put("visual.class_embedding", weights.get(vision + "class_embedding"));
    tensors.put("visual.conv1.weight", weights.get(vision + "patch_embedding.weight"));
    tensors.put("visual.positional_embedding", weights.get(vision + "position_embedding.weight"));
    for (String end : new String[] {".weight", ".bias"}) {
      tensors.put("ln_final" + end, weights.get("text_model.final_layer_norm" + end));
      tensors.put("visual.ln_pre" + end, weights.get("vision_model.pre_layrnorm" + end));
      tensors.put("visual.ln_post" + end, weights.get("vision_model.post_layernorm" + end));
    }
    return tensors;
  }

  private static void tower(
      Map<String, NDArray> tensors, TrainableWeights weights, String ours, String theirs) {
    for (int i = 0; i < 2; i++) {
      String from = ours + "encoder.layers." + i + ".";
      String to = theirs + "transformer.resblocks." + i + ".";
      for (String end : new String[] {"weight", "bias"}) {
        NDArray q = weights.get(from + "self_attn.q_proj." + end);
        NDArray k = weights.get(from + "self_attn.k_proj." + end);
        NDArray v = weights.get(from + "self_attn.v_proj." + end);
        tensors.put(to + "attn.in_proj_" + end, q.concat(k, 0).concat(v, 0));
        tensors.put(to + "attn.out_proj." + end, weights.get(from + "self_attn.out_proj." + end));
        tensors.put(to + "ln_1." + end, weights.get(from + "layer_norm1." + end));
        tensors.put(to + "ln_2." + end, weights.get(from + "layer_norm2." + end));
        tensors.put(to + "mlp.c_fc." + end, weights.get(from + "mlp.fc1." + end));
        tensors.put(to + "mlp.c_proj." + end, weights.get(from + "mlp.fc2." + end));
      }
    }
  }

  private static NDArray turned(NDArray matrix) {
    return matrix.transpose().duplicate();
  }

  @Test
  void every_weight_is_found_in_the_other_layout() {
    Path file = folder.resolve("open_clip.safetensors");
    try (TrainableWeights weights = TrainableWeights.initialised(ClipModelTests.TINY, 3, manager)) {
      SafetensorsWriter.write(file, translated(weights), Map.of(), DType.F32);
      try (OpenClipWeights read = OpenClipWeights.open(file, ClipModelTests.TINY, manager)) {
        assertEquals(weights.names(), read.names());
        for (ParameterSpec parameter : ClipModelTests.TINY.parameters()) {
          NDArray tensor = read.get(parameter.name());
          assertEquals(parameter.shape(), tensor.getShape());
          assertArrayEquals(
              weights.get(parameter.name()).toFloatArray(),
              tensor.toFloatArray(),
              parameter.name());
        }
      }
    }
  }

  @Test
  void names_every_tensor_that_does_not_fit() {
    Path file = folder.resolve("open_clip.safetensors");
    try (TrainableWeights weights = TrainableWeights.initialised(ClipModelTests.TINY, 3, manager)) {
      Map<String, NDArray> tensors = translated(weights);
      tensors.remove("visual.proj");
      tensors.put("ln_final.bias", weights.get("logit_scale"));
      SafetensorsWriter.write(file, tensors, Map.of(), DType.F32);
    }
    String message =
        String.valueOf(
            assertThrows(
                    CheckpointException.class,
                    () -> OpenClipWeights.open(file, ClipModelTests.TINY, manager))
                .getMessage());
    assertTrue(message.startsWith(file.toString()), message);
    assertTrue(message.contains("'visual.proj' is missing"), message);
    assertTrue(message.contains("'ln_final.bias' is (), expected [8]"), message);
  }

  @Tag("golden")
  @Test
  void reads_the_same_weights_as_from_the_transformers_layout() {
    Path golden = Path.of("../../shared/golden/clip-full/openclip-h-gelu");
    assumeTrue(Files.isDirectory(golden), "fixtures are not here");
    ClipModel network =
        ClipModel.of(ClipConfig.from(ModelConfig.read(golden.resolve("config.json"))));
    try (CheckpointWeights expected =
            CheckpointWeights.open(golden, "model", null, network, ClipModel::ignores, manager);
        OpenClipWeights actual =
            OpenClipWeights.open(golden.resolve("openclip_model.safetensors"), network, manager)) {
      for (String name : expected.names()) {
        assertArrayEquals(expected.get(name).toFloatArray(), actual.get(name).toFloatArray(), name);
      }
    }
  }
}
