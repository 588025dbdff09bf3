package dmdx.teacher.sdxl.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.api.Conditioning;
import dmdx.api.FeatureTap;
import dmdx.api.Precision;
import dmdx.api.network.ParameterSpec;
import dmdx.nn.lora.LoraConfig;
import dmdx.nn.lora.LoraNetwork;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.Leaves;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class UNet2DConditionTests {
  private static final Path TINY = Path.of("src/test/resources/golden/unet2d-condition/sdxl-tiny");

  static final String SDXL =
      """
      {"_class_name": "UNet2DConditionModel", "sample_size": 128,
       "block_out_channels": [320, 640, 1280],
       "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
       "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
       "transformer_layers_per_block": [1, 2, 10], "attention_head_dim": [5, 10, 20],
       "cross_attention_dim": 2048, "use_linear_projection": true,
       "addition_embed_type": "text_time", "addition_time_embed_dim": 256,
       "projection_class_embeddings_input_dim": 2816}
      """;
  private static final String SD15 =
      """
      {"_class_name": "UNet2DConditionModel", "sample_size": 64, "cross_attention_dim": 768}
      """;

  static List<ParityCase> cases() {
    List<ParityCase> cases = new ArrayList<>(ParityCase.find(TINY.resolveSibling(".").normalize()));
    Path shared = Path.of("../../shared/golden/unet2d-condition");
    if (Files.isDirectory(shared)) {
      cases.addAll(ParityCase.find(shared));
      UNetReference provider = new UNetReference();
      ParityCase.find(shared.resolveSibling("lora")).stream()
          .filter(adapted -> provider.accepts(adapted.config()))
          .forEach(cases::add);
    }
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void values_and_gradients_equal_the_reference(ParityCase recorded) {
    UNetReference provider = new UNetReference();
    assertTrue(provider.accepts(recorded.config()));
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = recorded.check(provider.build(recorded.config()), manager);
      assertTrue(report.passed(), report.failures().toString());
      assertTrue(report.rows().size() > 12, "few rows: " + report.rows().size());
    }
  }

  @Test
  void the_published_architectures_have_their_published_sizes() {
    UNet2DCondition sdxl = network(SDXL);
    assertEquals(2_567_463_684L, sdxl.parameterCount());
    LoraNetwork adapters =
        LoraNetwork.of(sdxl, new LoraConfig(64, 64, List.of("to_q", "to_k", "to_v", "to_out.0")));
    assertEquals(
        560, adapters.modules().size(), "four projections in both attentions of 70 blocks");
    double roles = 2.0 * adapters.parameterCount() / sdxl.parameterCount();
    assertTrue(roles < 0.15, "student and fake score add " + roles);
    assertEquals(1680, sdxl.parameters().size());
    UNet2DCondition sd15 = network(SD15);
    assertEquals(859_520_964L, sd15.parameterCount());
    assertEquals(686, sd15.parameters().size());
  }

  @Test
  void taps_are_the_last_resnets_of_all_blocks() {
    assertEquals(
        List.of(
            new FeatureTap("down_blocks.0.resnets.1", 320, 1, 2),
            new FeatureTap("down_blocks.1.resnets.1", 640, 2, 2),
            new FeatureTap("down_blocks.2.resnets.1", 1280, 4, 2),
            new FeatureTap("mid_block.resnets.1", 1280, 4, 2),
            new FeatureTap("up_blocks.0.resnets.2", 1280, 4, 2),
            new FeatureTap("up_blocks.1.resnets.2", 640, 2, 2),
            new FeatureTap("up_blocks.2.resnets.2", 320, 1, 2)),
        network(SDXL).taps());
  }

  @Test
  void taps_have_the_shapes_they_announce() {
    UNet2DCondition network = tiny();
    Set<String> names = network.taps().stream().map(FeatureTap::name).collect(Collectors.toSet());
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(network, 1, manager)) {
      ForwardPass pass = ForwardPass.recording(weights, manager, names);
      NDArray x = Noise.of(1).gaussian(manager, new Shape(2, 4, 16, 8));
      network.forward(pass, x, manager.create(new float[] {7, 8}), conditioning(manager, 2));
      for (FeatureTap tap : network.taps()) {
        assertEquals(
            new Shape(2, tap.channels(), 16 / tap.stride(), 8 / tap.stride()),
            pass.tap(tap.name()).getShape(),
            tap.name());
      }
    }
  }

  @Test
  void a_fresh_network_predicts_zero_and_follows_every_input_once_its_last_layer_is_not() {
    UNet2DCondition network = tiny();
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(network, 1, manager)) {
      NDArray x = Noise.of(1).gaussian(manager, new Shape(1, 4, 8, 8));
      NDArray t = manager.create(new float[] {500});
      NDArray fresh =
          network.forward(ForwardPass.of(weights, manager), x, t, conditioning(manager, 1));
      assertEquals(0, fresh.abs().max().getFloat());

      weights.flat().addi(Noise.of(2).gaussian(manager, weights.flat().getShape()).mul(0.02f));
      NDArray moved =
          network.forward(ForwardPass.of(weights, manager), x, t, conditioning(manager, 1));
      Map<String, NDArray> other = new LinkedHashMap<>(conditioning(manager, 1).tensors());
      for (String name : List.of("encoder_hidden_states", "text_embeds", "time_ids")) {
        Map<String, NDArray> changed = new LinkedHashMap<>(other);
        changed.computeIfPresent(name, (n, value) -> value.add(1));
        NDArray y =
            network.forward(ForwardPass.of(weights, manager), x, t, new Conditioning(changed));
        assertTrue(y.sub(moved).abs().max().getFloat() > 1e-7, name);
      }
    }
  }

  @Test
  void saved_weights_are_byte_for_byte_those_loaded(@TempDir Path folder) throws IOException {
    UNet2DCondition network = tiny();
    try (NDManager manager = NDManager.newBaseManager()) {
      Path first = folder.resolve("a");
      Path second = folder.resolve("b");
      save(network, TINY, first, manager);
      save(network, first, second, manager);
      String file = "diffusion_pytorch_model.safetensors";
      assertEquals(-1, Files.mismatch(first.resolve(file), second.resolve(file)));
      try (CheckpointWeights before = open(network, TINY, manager);
          CheckpointWeights after = open(network, second, manager)) {
        for (ParameterSpec p : network.parameters()) {
          assertEquals(before.get(p.name()), after.get(p.name()), p.name());
        }
      }
    }
  }

  private static CheckpointWeights open(UNet2DCondition network, Path folder, NDManager manager) {
    return CheckpointWeights.open(
        folder, "diffusion_pytorch_model", null, network, name -> false, manager);
  }

  private static void save(UNet2DCondition network, Path from, Path to, NDManager manager)
      throws IOException {
    Files.createDirectories(to);
    try (CheckpointWeights weights = open(network, from, manager)) {
      Map<String, NDArray> tensors = new LinkedHashMap<>();
      weights.names().forEach(name -> tensors.put(name, weights.get(name)));
      SafetensorsWriter.write(
          to.resolve("diffusion_pytorch_model.safetensors"), tensors, Map.of(), DType.F32);
    }
  }

  @Test
  @SuppressWarnings("try") // scopes and recording states are only held
  void memory_is_flat_over_forward_and_backward_passes() {
    UNet2DCondition network = tiny();
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(network, 1, manager)) {
      NDArray x = Noise.of(1).gaussian(manager, new Shape(1, 4, 8, 8));
      NDArray t = manager.create(new float[] {500});
      Conditioning conditioning = conditioning(manager, 1);
      int before = manager.getManagedArrays().size();
      for (int i = 0; i < 3; i++) {
        try (NDManager memory = manager.newSubManager();
            Scope scope = new Scope()) {
          network.forward(ForwardPass.of(weights, memory), x, t, conditioning);
        }
        assertEquals(before, manager.getManagedArrays().size(), "after forward " + i);
        try (NDManager memory = manager.newSubManager();
            Leaves leaves = weights.leaves();
            Scope scope = new Scope();
            Autograd.Mode recording = Autograd.recording()) {
          NDArray y = network.forward(ForwardPass.of(leaves, memory), x, t, conditioning);
          Autograd.backward(y.sub(1).square().mean());
          assertTrue(leaves.gradient(memory).abs().max().getFloat() > 0);
        }
        assertEquals(before, manager.getManagedArrays().size(), "after backward " + i);
      }
    }
  }

  @Test
  void a_forward_pass_leaves_its_tensors_to_the_pass() {
    UNet2DCondition network = tiny();
    try (NDManager manager = NDManager.newBaseManager();
        NDManager inputs = manager.newSubManager();
        TrainableWeights weights = TrainableWeights.initialised(network, 1, manager)) {
      NDArray x = Noise.of(1).gaussian(inputs, new Shape(1, 4, 8, 8));
      NDArray t = inputs.create(new float[] {500});
      Conditioning conditioning = conditioning(inputs, 1);
      int before = inputs.getManagedArrays().size();
      try (NDManager memory = manager.newSubManager()) {
        network.forward(ForwardPass.of(weights, memory), x, t, conditioning);
      }
      assertEquals(before, inputs.getManagedArrays().size());
    }
  }

  @Test
  void the_way_up_attends_where_its_own_types_say() {
    UNet2DCondition network =
        new UNet2DCondition(
            UNetConfig.of(
                config(
                    """
                    {"block_out_channels": [32, 64], "layers_per_block": 1,
                     "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
                     "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"],
                     "attention_head_dim": [2, 4], "cross_attention_dim": 16}
                    """)));
    List<String> attentions =
        network.parameters().stream()
            .map(ParameterSpec::name)
            .filter(name -> name.endsWith("proj_in.weight"))
            .toList();
    assertEquals(
        List.of(
            "down_blocks.1.attentions.0.proj_in.weight",
            "mid_block.attentions.0.proj_in.weight",
            "up_blocks.1.attentions.0.proj_in.weight",
            "up_blocks.1.attentions.1.proj_in.weight"),
        attentions);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"num_attention_heads\": 8",
        "\"class_embed_type\": \"timestep\"",
        "\"center_input_sample\": true",
        "\"only_cross_attention\": [true, false]",
        "\"resnet_time_scale_shift\": \"scale_shift\"",
        "\"mid_block_type\": \"UNetMidBlock2D\"",
        "\"addition_embed_type\": \"image\"",
        "\"act_fn\": \"gelu\"",
        "\"norm_num_groups\": 7",
        "\"attention_head_dim\": 7",
        "\"layers_per_block\": 0",
        "\"conv_in_kernel\": 4",
        "\"down_block_types\": [\"DownBlock2D\"]",
        "\"up_block_types\": [\"UpBlock2D\", \"UpBlock2D\", \"UpBlock2D\"]",
        "\"up_block_types\": [\"UpBlock2D\", \"UpBlock2D\", \"UpBlock2D\", \"DownBlock2D\"]",
        "\"addition_embed_type\": \"text_time\", \"addition_time_embed_dim\": 256,"
            + " \"projection_class_embeddings_input_dim\": 1536",
        "\"_class_name\": \"UNet3DConditionModel\""
      })
  void names_file_and_key_of_what_it_cannot_build(String setting) {
    ModelConfig config = config("{" + setting + "}");
    CheckpointException e = assertThrows(CheckpointException.class, () -> UNetConfig.of(config));
    String message = String.valueOf(e.getMessage());
    String key = new ArrayList<>(config.json().properties()).get(config.json().size() - 1).getKey();
    assertTrue(message.contains(key) && message.contains("unet/config.json"), message);
  }

  private static UNet2DCondition tiny() {
    return new UNet2DCondition(UNetConfig.of(ModelConfig.read(TINY.resolve("config.json"))));
  }

  private static Conditioning conditioning(NDManager manager, int rows) {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("encoder_hidden_states", Noise.of(2).gaussian(manager, new Shape(rows, 5, 20)));
    tensors.put("text_embeds", Noise.of(3).gaussian(manager, new Shape(rows, 16)));
    tensors.put("time_ids", Noise.of(4).gaussian(manager, new Shape(rows, 6)));
    return new Conditioning(tensors);
  }

  static UNet2DCondition network(String json) {
    return new UNet2DCondition(UNetConfig.of(config(json)));
  }

  private static ModelConfig config(String json) {
    try {
      return ModelConfig.of(new ObjectMapper().readTree(json), Path.of("unet/config.json"));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void computes_in_bfloat16(ParityCase golden) {
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(new UNetReference(), Precision.BF16, manager);
      assertTrue(report.passed(), report::toString);
      assertTrue(report.worst("out") > 1e-4, "float32 is no test of bfloat16");
    }
  }
}
