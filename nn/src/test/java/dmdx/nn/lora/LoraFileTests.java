package dmdx.nn.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.Weights;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LoraFileTests {
  private static final String Q = "block.attn.to_q";
  private static final String OUT = "block.attn.to_out.0";

  @TempDir Path folder;
  private final NDManager manager = NDManager.newBaseManager();
  private final SmallNetwork base = new SmallNetwork();
  private final Map<String, NDArray> tensors = new LinkedHashMap<>();

  @AfterEach
  void close() {
    manager.close();
  }

  private void put(String name, long... shape) {
    tensors.put(name, Noise.of(name.length()).gaussian(manager, new Shape(shape)));
  }

  private LoraAdapters read(Map<String, String> metadata) {
    return read("unet", base, metadata);
  }

  private LoraAdapters read(String component, Network network, Map<String, String> metadata) {
    Path file = folder.resolve("lora.safetensors");
    SafetensorsWriter.write(file, tensors, metadata, DType.F32);
    return LoraFile.read(file, component, network, manager);
  }

  private static Map<String, String> metadata(String options) {
    return Map.of("format", "pt", "lora_adapter_metadata", options);
  }

  private String refused(Map<String, String> metadata) {
    CheckpointException e = assertThrows(CheckpointException.class, () -> read(metadata));
    String message = String.valueOf(e.getMessage());
    assertTrue(message.contains("lora.safetensors"), message);
    return message;
  }

  @ParameterizedTest
  @CsvSource({
    "unet.block.attn.to_q.lora_A.weight,"
        + "unet.block.attn.to_q.lora_B.weight,"
        + "unet.block.attn.to_out.0.lora_A.weight,"
        + "unet.block.attn.to_out.0.lora_B.weight",
    "unet.block.attn.to_q.lora.down.weight,"
        + "unet.block.attn.to_q.lora.up.weight,"
        + "unet.block.attn.to_out.0.lora.down.weight,"
        + "unet.block.attn.to_out.0.lora.up.weight",
    "unet.block.attn.processor.to_q_lora.down.weight,"
        + "unet.block.attn.processor.to_q_lora.up.weight,"
        + "unet.block.attn.processor.to_out_lora.down.weight,"
        + "unet.block.attn.processor.to_out_lora.up.weight",
    "block.attn.processor.to_q_lora.down.weight,"
        + "block.attn.processor.to_q_lora.up.weight,"
        + "block.attn.processor.to_out_lora.down.weight,"
        + "block.attn.processor.to_out_lora.up.weight",
    "lora_unet_block_attn_to_q.lora_down.weight,"
        + "lora_unet_block_attn_to_q.lora_up.weight,"
        + "lora_unet_block_attn_to_out_0.lora_down.weight,"
        + "lora_unet_block_attn_to_out_0.lora_up.weight",
    "base_model.model.block.attn.to_q.lora_A.weight,"
        + "base_model.model.block.attn.to_q.lora_B.weight,"
        + "base_model.model.unet.block.attn.to_out.0.lora_A.weight,"
        + "base_model.model.unet.block.attn.to_out.0.lora_B.weight",
    "diffusion_model.block.attn.to_q.lora_A.weight,"
        + "diffusion_model.block.attn.to_q.lora_B.weight,"
        + "diffusion_model.block.attn.to_out.0.lora_down.weight,"
        + "diffusion_model.block.attn.to_out.0.lora_up.weight",
    "block.attn.to_q.lora_A.default.weight,"
        + "block.attn.to_q.lora_B.default.weight,"
        + "diffusion_model.block.attn.to_out.0.lora_A.default.weight,"
        + "diffusion_model.block.attn.to_out.0.lora_B.default.weight"
  })
  void every_naming_in_use_is_read(String qDown, String qUp, String outDown, String outUp) {
    put(outUp, 4, 3);
    put(outDown, 3, 6);
    put(qDown, 2, 6);
    put(qUp, 6, 2);
    LoraAdapters adapters = read(Map.of());
    assertEquals(
        List.of(
            new LoraModule(Q, new Shape(6, 6), 2, 2), new LoraModule(OUT, new Shape(4, 6), 3, 3)),
        adapters.network().modules());
    same(qDown, adapters, Q + ".lora_A.weight");
    same(qUp, adapters, Q + ".lora_B.weight");
    same(outDown, adapters, OUT + ".lora_A.weight");
    same(outUp, adapters, OUT + ".lora_B.weight");
  }

  private void same(String stored, LoraAdapters adapters, String name) {
    assertArrayEquals(
        tensors.get(stored).toFloatArray(), adapters.weights().get(name).toFloatArray());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'r': 4, 'lora_alpha': 8, 'rank_pattern': {'to_out.0': 2} | 2 | 4",
        "'r': 4, 'lora_alpha': 6.5, 'rank_pattern': {'.*to_out\\.\\d': 2},"
            + " 'alpha_pattern': {'^block\\.attn\\.to_o.*': 0.5} | 1.625 | 0.25",
        "'peft_type': 'LORA', 'r': 2, 'lora_alpha': 3, 'rank_pattern': {'block.attn.to_q': 4},"
            + " 'use_rslora': true, 'use_dora': false | 1.5 | 2.121320343559643"
      })
  void the_configuration_beside_a_file_of_peft_sets_the_scale(String options, double q, double out)
      throws IOException {
    peft("base_model.model");
    configure(options);
    List<Double> scales = scales(read(Map.of()));
    assertEquals(q, scales.get(0), 1e-12);
    assertEquals(out, scales.get(1), 1e-12);
  }

  private void configure(String options) throws IOException {
    Files.writeString(
        folder.resolve("adapter_config.json"),
        "{" + options.replace('\'', '"').replace("\\", "\\\\") + "}");
  }

  @Test
  void the_configuration_beside_other_files_and_under_metadata_is_left_alone() throws IOException {
    configure("'r': 4, 'lora_alpha': 8, 'rank_pattern': {'to_out.0': 2}");
    peft("unet");
    assertEquals(List.of(1.0, 1.0), scales(read(Map.of())));
    tensors.clear();
    peft("base_model.model.unet");
    String own =
        "{\"unet.r\": 4, \"unet.lora_alpha\": 2, \"unet.rank_pattern\": {\"to_out.0\": 2}}";
    assertEquals(List.of(0.5, 1.0), scales(read(metadata(own))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'peft_type': 'IA3', 'r': 4 | 'peft_type' is \"IA3\", expected \"LORA\"",
        "'r': 4.5 | 'r' is 4.5, expected a whole number",
        "'r': 4, 'alpha_pattern': {'to_q': 'x'} | 'alpha_pattern.to_q' is \"x\", expected a number"
      })
  void a_configuration_that_does_not_fit_is_refused(String options, String expected)
      throws IOException {
    peft("base_model.model");
    configure(options);
    String message = refused(Map.of());
    assertTrue(message.contains(expected), message);
  }

  @Test
  void an_alpha_may_be_a_fraction_in_half_precision_but_not_infinite() {
    put("lora_unet_block_attn_to_q.lora_down.weight", 4, 6);
    put("lora_unet_block_attn_to_q.lora_up.weight", 6, 4);
    tensors.put("lora_unet_block_attn_to_q.alpha", manager.create(2.5f));
    Path file = folder.resolve("half.safetensors");
    SafetensorsWriter.write(file, tensors, Map.of(), DType.BF16);
    assertEquals(List.of(0.625), scales(LoraFile.read(file, "unet", base, manager)));
    tensors.put("lora_unet_block_attn_to_q.alpha", manager.create(Float.POSITIVE_INFINITY));
    assertTrue(refused(Map.of()).contains("to_q.alpha' is Infinity, expected a number"));
  }

  @Test
  void of_many_tensors_without_a_layer_the_first_are_named_and_the_prefixes_understood() {
    for (int i = 0; i < 40; i++) {
      put("model.diffusion.blocks.%d.lora_A.weight".formatted(i), 1, 2);
    }
    String message = refused(Map.of());
    for (String expected :
        List.of(
            "(1 problem)",
            "'model.diffusion.blocks.0.lora_A.weight', 'model.diffusion.blocks.1.lora_A.weight'",
            "' and 37 more: the network has no such linear layer",
            "alone and after base_model.model., diffusion_model., lora_unet_, ")) {
      assertTrue(message.contains(expected), () -> expected + " is not in " + message);
    }
  }

  @Test
  void convolutions_have_adapters_too() {
    put("lora_unet_down_conv.lora_down.weight", 2, 3, 3, 3);
    put("lora_unet_down_conv.lora_up.weight", 8, 2, 1, 1);
    put("lora_unet_proj_in.lora_down.weight", 4, 8, 1, 1);
    put("lora_unet_proj_in.lora_up.weight", 6, 4, 1, 1);
    assertEquals(
        List.of("down.conv", "proj_in"),
        read(Map.of()).network().modules().stream().map(LoraModule::name).toList());
  }

  @Test
  void the_alpha_of_a_module_sets_its_scale() {
    put("lora_unet_block_attn_to_q.lora_down.weight", 4, 6);
    put("lora_unet_block_attn_to_q.lora_up.weight", 6, 4);
    tensors.put("lora_unet_block_attn_to_q.alpha", manager.create(1f));
    put("lora_unet_proj_in.lora_down.weight", 4, 8, 1, 1);
    put("lora_unet_proj_in.lora_up.weight", 6, 4, 1, 1);
    tensors.put("lora_unet_proj_in.alpha", manager.create(new float[] {6}));
    put("lora_unet_block_attn_to_out_0.lora_down.weight", 4, 6);
    put("lora_unet_block_attn_to_out_0.lora_up.weight", 4, 4);
    assertEquals(List.of(1.5, 0.25, 1.0), scales(read(Map.of())));
  }

  private static List<Double> scales(LoraAdapters adapters) {
    return adapters.network().modules().stream().map(LoraModule::scale).toList();
  }

  /** Ranks: 4 for to_q, 2 for to_out.0. */
  private void peft(String component) {
    put(component + "." + Q + ".lora_A.weight", 4, 6);
    put(component + "." + Q + ".lora_B.weight", 6, 4);
    put(component + "." + OUT + ".lora_A.weight", 2, 6);
    put(component + "." + OUT + ".lora_B.weight", 4, 2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'unet.r': 4, 'unet.lora_alpha': 8, 'unet.rank_pattern': {'to_out.0': 2} | 2 | 4",
        "'unet.r': 2, 'unet.lora_alpha': 8, 'unet.rank_pattern': {'block.attn.to_q': 4},"
            + " 'unet.alpha_pattern': {'attn.to_q': 1} | 0.25 | 4",
        "'unet.r': 4, 'unet.lora_alpha': 6, 'unet.rank_pattern': {'to_out.0': 2},"
            + " 'unet.alpha_pattern': {'to_out.0': 2.5}, 'unet.use_rslora': false | 1.5 | 1.25",
        "'unet.r': 4, 'unet.lora_alpha': 3, 'unet.rank_pattern': {'to_out.0': 2},"
            + " 'unet.use_rslora': true | 1.5 | 2.121320343559643",
        // what fits no module changes nothing
        "'unet.r': 4, 'unet.lora_alpha': 8, 'unet.rank_pattern': {'to_out.0': 2, 'to_v': 9},"
            + " 'unet.alpha_pattern': {'ff.net.2': 1, '(': 5} | 2 | 4",
        "'transformer.r': 4, 'transformer.lora_alpha': 3 | 1 | 1"
      })
  void the_metadata_of_newer_files_set_the_scale(String options, double q, double out) {
    peft("unet");
    List<Double> scales = scales(read(metadata("{" + options.replace('\'', '"') + "}")));
    assertEquals(q, scales.get(0), 1e-12);
    assertEquals(out, scales.get(1), 1e-12);
  }

  @Test
  void what_is_written_is_read_back_and_written_again_byte_for_byte() throws IOException {
    peft("unet");
    LoraAdapters adapters =
        read(
            metadata(
                """
                {"unet.r": 4, "unet.lora_alpha": 6, "unet.rank_pattern": {"to_out.0": 2},
                 "unet.alpha_pattern": {"to_out.0": 0.5}}
                """));
    Path first = folder.resolve("first.safetensors");
    Path second = folder.resolve("second.safetensors");
    LoraFile.write(first, "transformer", adapters.network(), adapters.weights(), DType.BF16);
    LoraAdapters again = LoraFile.read(first, "transformer", base, manager);
    assertEquals(adapters.network().modules(), again.network().modules());
    LoraFile.write(second, "transformer", again.network(), again.weights(), DType.BF16);
    assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
    try (SafetensorsFile file = SafetensorsFile.open(first)) {
      assertTrue(file.entries().containsKey("transformer.block.attn.to_q.lora_A.weight"));
      assertEquals(
          "{\"transformer.alpha_pattern\":{\"block.attn.to_out.0\":0.5},"
              + "\"transformer.lora_alpha\":6,\"transformer.r\":4,"
              + "\"transformer.rank_pattern\":{\"block.attn.to_out.0\":2},"
              + "\"transformer.target_modules\":[\"block.attn.to_q\",\"block.attn.to_out.0\"],"
              + "\"transformer.use_rslora\":false}",
          file.metadata().get("lora_adapter_metadata"));
    }
  }

  @Test
  void metadata_are_written_only_where_alpha_differs_from_the_rank() {
    LoraNetwork plain = LoraNetwork.of(base, new LoraConfig(2, 2, List.of("to_q")));
    Path file = folder.resolve("plain.safetensors");
    LoraFile.write(file, "unet", plain, SmallNetwork.random(plain, 1, manager), DType.F32);
    try (SafetensorsFile written = SafetensorsFile.open(file)) {
      assertEquals(Map.of("format", "pt"), written.metadata());
    }
  }

  @Test
  void merged_weights_give_the_output_of_base_and_adapters() {
    TrainableWeights weights = TrainableWeights.initialised(base, 1, manager);
    LoraNetwork network = LoraNetwork.of(base, new LoraConfig(2, 5, SmallNetwork.ALL));
    LoraAdapters adapters = new LoraAdapters(network, SmallNetwork.random(network, 2, manager));
    NDArray x = Noise.of(3).gaussian(manager, new Shape(1, 3, 4, 4));
    for (double factor : new double[] {1, 0.5, 0}) {
      LoraFile.merge(
          folder.resolve("model.safetensors"), base, weights, adapters, factor, DType.F32);
      try (CheckpointWeights merged =
          CheckpointWeights.open(folder, "model", null, base, name -> false, manager)) {
        assertArrayEquals(
            base.forward(adapters.over(weights, factor), x, manager).toFloatArray(),
            base.forward(merged, x, manager).toFloatArray(),
            1e-6f);
      }
    }
  }

  @Test
  void tensors_of_other_components_are_passed_over() {
    peft("unet");
    put("text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight", 2, 3);
    put("lora_te1_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", 2, 3);
    assertEquals(List.of(1.0, 1.0), scales(read(Map.of())));
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> read("transformer", base, Map.of()));
    assertTrue(e.getMessage().contains("all tensors are of other components"), e.getMessage());
  }

  @Test
  void all_tensors_that_do_not_fit_are_named_together() {
    put("unet.block.attn.to_q.lora_A.weight", 4, 6);
    put("unet.block.attn.to_q.lora_B.weight", 5, 4);
    put("unet.block.attn.to_out.0.lora_B.weight", 4, 4);
    put("unet.block.attn.to_v.lora_A.weight", 4, 6);
    put("unet.block.norm.lora_A.weight", 4, 6);
    put("unet.block.attn.to_q.lora_magnitude_vector", 6);
    put("lora_unet_block_attn_to_q.lora_down.weight", 4, 6);
    tensors.put("unet.proj_in.lora_A.weight", manager.create(new long[] {1}));
    put("lora_unet_input_blocks_4_1_proj_in.lora_down.weight", 4, 6);
    put("lora_unet_down_conv.lora_down.weight", 2, 3, 1, 1);
    put("lora_unet_down_conv.lora_up.weight", 8, 2, 1, 1);
    put("lora_unet_down_conv.alpha", 2);
    String message = refused(Map.of());
    for (String expected :
        List.of(
            "LoRA of 'unet' (9 problems)",
            "'unet.block.attn.to_q.lora_B.weight' is [5, 4], expected [6, 4]",
            "the first factor (A, down) of 'block.attn.to_out.0' is missing",
            "'unet.block.attn.to_v.lora_A.weight', 'unet.block.norm.lora_A.weight': the network has no"
                + " such linear layer",
            "'unet.block.attn.to_q.lora_magnitude_vector': neither a factor",
            "'unet.block.attn.to_q.lora_A.weight' and"
                + " 'lora_unet_block_attn_to_q.lora_down.weight' are the same tensor",
            "'unet.proj_in.lora_A.weight' has type I64",
            "proj_in.lora_down.weight': these are block names of the model's original code",
            "'lora_unet_down_conv.lora_down.weight' is [2, 3, 1, 1], expected [2, 3, 3, 3]",
            "'lora_unet_down_conv.alpha' is [2], expected one number")) {
      assertTrue(message.contains(expected), () -> expected + " is not in " + message);
    }
  }

  @Test
  void flattened_names_that_fit_two_modules_are_refused() {
    Network twins =
        () -> new Parameters().add(Linear.of("a.b_c", 2, 2), Linear.of("a_b.c", 2, 2)).list();
    put("lora_unet_a_b_c.lora_down.weight", 1, 2);
    put("lora_unet_a_b_c.lora_up.weight", 2, 1);
    CheckpointException e =
        assertThrows(CheckpointException.class, () -> read("unet", twins, Map.of()));
    assertTrue(e.getMessage().contains("may mean any of [a.b_c, a_b.c]"), e.getMessage());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'unet.r': 4, 'unet.lora_alpha': 8} | lora_A.weight' has rank 2, expected 4",
        "{'unet.r': 4, 'unet.rank_pattern': {'to_out': 2}} | lora_A.weight' has rank 2, expected 4",
        "{'unet.r': 4, 'unet.rank_pattern': {'to_out.0': 'x'}} | 'unet.rank_pattern.to_out.0' is",
        "{'unet.r': 'x'} | 'unet.r' is \"x\", expected a whole number",
        "{'unet.r': 4, 'unet.use_dora': true} | 'unet.use_dora' is true, expected false",
        "{'unet.r' | is not valid JSON",
        "[] | is not a JSON object"
      })
  void metadata_that_do_not_fit_are_refused(String options, String expected) {
    peft("unet");
    String message = refused(metadata(options.replace('\'', '"')));
    assertTrue(message.contains(expected), message);
  }

  @Test
  void a_file_without_adapters_is_refused() {
    assertTrue(refused(Map.of()).contains("there are no adapters in it"));
    put("unet.block.attn.to_q.lora_A.weight", 0, 6);
    put("unet.block.attn.to_q.lora_B.weight", 6, 0);
    assertTrue(refused(Map.of()).contains("expected at least one row"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"F16", "BF16"})
  void half_precision_is_read_as_float32(DType type) {
    LoraNetwork network = LoraNetwork.of(base, new LoraConfig(2, 2, List.of("to_q")));
    Weights weights = SmallNetwork.random(network, 1, manager);
    Path file = folder.resolve("half.safetensors");
    LoraFile.write(file, "unet", network, weights, type);
    NDArray back = LoraFile.read(file, "unet", base, manager).weights().get(Q + ".lora_A.weight");
    assertEquals(ai.djl.ndarray.types.DataType.FLOAT32, back.getDataType());
    float[] exact = weights.get(Q + ".lora_A.weight").toFloatArray();
    assertArrayEquals(exact, back.toFloatArray(), 5e-3f);
    assertFalse(java.util.Arrays.equals(exact, back.toFloatArray()));
  }
}
