package dmdx.metrics;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.clip.ClipConfig;
import dmdx.nn.clip.ClipModel;
import dmdx.nn.data.Normalisation;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.text.ClipVocabulary;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A CLIP of random weights for pictures of 8 by 8 pixels, in both layouts. */
final class TinyClip {
  static final List<String> PROMPTS = List.of("a red square", "a blue disc", "stars");
  private static final String CONFIG =
      """
      {"projection_dim": 6, "model_type": "clip",
       "text_config": {"vocab_size": 600, "hidden_size": 8, "intermediate_size": 16,
         "num_hidden_layers": 1, "num_attention_heads": 2, "eos_token_id": 2},
       "vision_config": {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1,
         "num_attention_heads": 2, "image_size": 8, "patch_size": 4}}
      """;

  private final Path folder;
  private final NDManager manager;
  private final ClipModel model;
  private final TrainableWeights weights;

  private TinyClip(Path folder, NDManager manager, ClipModel model, TrainableWeights weights) {
    this.folder = folder;
    this.manager = manager;
    this.model = model;
    this.weights = weights;
  }

  /**
   * Writes {@code config.json}, {@code model.safetensors}, the tokenizer and {@code
   * open.safetensors}.
   */
  static TinyClip write(Path folder, int seed, NDManager manager) throws IOException {
    Files.writeString(folder.resolve("config.json"), CONFIG);
    ClipVocabulary.train(PROMPTS, 6, folder);
    ClipModel model =
        ClipModel.of(ClipConfig.from(ModelConfig.read(folder.resolve("config.json"))));
    TrainableWeights weights = TrainableWeights.initialised(model, seed, manager);
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    weights.names().forEach(name -> tensors.put(name, weights.get(name)));
    SafetensorsWriter.write(folder.resolve("model.safetensors"), tensors, Map.of(), DType.F32);
    SafetensorsWriter.write(
        folder.resolve("open.safetensors"), openClip(weights), Map.of(), DType.F32);
    return new TinyClip(folder, manager, model, weights);
  }

  private static Map<String, NDArray> openClip(TrainableWeights weights) {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    tensors.put("logit_scale", weights.get("logit_scale"));
    tensors.put("text_projection", turned(weights.get("text_projection.weight")));
    tensors.put("visual.proj", turned(weights.get("visual_projection.weight")));
    String text = "text_model.embeddings.";
    tensors.put("token_embedding.weight", weights.get(text + "token_embedding.weight"));
    tensors.put("positional_embedding", weights.get(text + "position_embedding.weight"));
    String vision = "vision_model.embeddings.";
    tensors.put("visual.class_embedding", weights.get(vision + "class_embedding"));
    tensors.put("visual.conv1.weight", weights.get(vision + "patch_embedding.weight"));
    tensors.put("visual.positional_embedding", weights.get(vision + "position_embedding.weight"));
    for (String end : List.of(".weight", ".bias")) {
      tensors.put("ln_final" + end, weights.get("text_model.final_layer_norm" + end));
      tensors.put("visual.ln_pre" + end, weights.get("vision_model.pre_layrnorm" + end));
      tensors.put("visual.ln_post" + end, weights.get("vision_model.post_layernorm" + end));
    }
    Map<String, String> parts =
        Map.of(
            "self_attn.out_proj", "attn.out_proj",
            "layer_norm1", "ln_1",
            "layer_norm2", "ln_2",
            "mlp.fc1", "mlp.c_fc",
            "mlp.fc2", "mlp.c_proj");
    for (String tower : List.of("text_model", "vision_model")) {
      String from = tower + ".encoder.layers.0.";
      String to = (tower.startsWith("vision") ? "visual." : "") + "transformer.resblocks.0.";
      for (String end : List.of("weight", "bias")) {
        NDList stack = new NDList();
        for (String part : List.of("q_proj.", "k_proj.", "v_proj.")) {
          stack.add(weights.get(from + "self_attn." + part + end));
        }
        tensors.put(to + "attn.in_proj_" + end, NDArrays.concat(stack, 0));
        parts.forEach(
            (ours, theirs) ->
                tensors.put(to + theirs + "." + end, weights.get(from + ours + "." + end)));
      }
    }
    return tensors;
  }

  private static NDArray turned(NDArray matrix) {
    return matrix.transpose().duplicate();
  }

  /** Pixels of 256 levels. */
  NDArray pictures(int seed, int rows) {
    NDArray noise = dmdx.nn.weights.Noise.of(seed).gaussian(manager, new Shape(rows, 3, 8, 8));
    return noise.clip(-1, 1).add(1).mul(127.5f).round().div(127.5f).sub(1);
  }

  /** The cosine of every picture and its prompt, of the network itself. */
  double[] cosines(NDArray pictures, List<String> prompts) {
    ForwardPass pass = ForwardPass.of(weights, manager);
    NDArray images = model.imageEmbeddings(pass, Normalisation.CLIP.ofSigned(pictures));
    ClipTokenizer tokenizer = ClipTokenizer.read(folder);
    double[] cosines = new double[prompts.size()];
    for (int i = 0; i < cosines.length; i++) {
      NDArray ids = manager.create(tokenizer.encode(prompts.get(i))).expandDims(0);
      NDArray text = model.textEmbeddings(pass, ids);
      cosines[i] = images.get(i).mul(text.get(0)).sum().getFloat();
    }
    return cosines;
  }

  double scale() {
    return Math.exp(weights.get("logit_scale").getFloat());
  }
}
