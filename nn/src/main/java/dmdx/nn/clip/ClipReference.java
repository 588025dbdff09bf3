package dmdx.nn.clip;

import ai.djl.ndarray.NDArray;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.parity.ReferenceNetworkProvider;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ModelConfig;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs {@link ClipModel} on reference cases. */
public final class ClipReference implements ReferenceNetworkProvider {

  /** For the service loader. */
  public ClipReference() {}

  @Override
  public boolean accepts(ModelConfig config) {
    return config.json().path("model_type").asText().equals("clip");
  }

  @Override
  public ReferenceNetwork build(ModelConfig config) {
    return new Cases(ClipModel.of(ClipConfig.from(config)));
  }

  private record Cases(ClipModel network) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return network.parameters();
    }

    @Override
    public boolean ignores(String tensorName) {
      return ClipModel.ignores(tensorName);
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      NDArray ids = inputs.get("input_ids");
      NDArray pixels = inputs.get("pixel_values");
      if (ids == null || pixels == null) {
        throw new IllegalArgumentException(
            "inputs are %s, expected input_ids, pixel_values and optionally attention_mask"
                .formatted(inputs.keySet()));
      }
      NDArray imageFeatures = network.imageFeatures(pass, pixels);
      NDArray textFeatures = network.textFeatures(pass, ids, inputs.get("attention_mask"));
      NDArray images = ClipModel.unit(imageFeatures);
      NDArray texts = ClipModel.unit(textFeatures);
      NDArray logits = texts.matMul(images.transpose()).mul(network.scale(pass));
      NDArray cosine = texts.mul(images).sum(new int[] {1});
      Map<String, NDArray> outputs = new LinkedHashMap<>();
      outputs.put("image_features", imageFeatures);
      outputs.put("text_features", textFeatures);
      outputs.put("image_embeds", images);
      outputs.put("text_embeds", texts);
      outputs.put("logits_per_text", logits);
      outputs.put("logits_per_image", logits.transpose());
      outputs.put("score_clip", Ops.times(cosine.maximum(0), 100));
      outputs.put("score_pick", cosine.mul(network.scale(pass)));
      outputs.put("score_hps", cosine);
      return outputs;
    }
  }
}
