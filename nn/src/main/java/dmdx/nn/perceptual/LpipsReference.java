package dmdx.nn.perceptual;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.parity.ReferenceNetwork;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares {@link Lpips} with reference values. The weights are stored with the case, or those of
 * the classifier follow from a recipe and a file beside the case holds the others.
 */
public final class LpipsReference implements ReferenceCheck {

  /** For the service loader. */
  public LpipsReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return index.json().path("family").asText().equals("lpips");
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    Path folder = index.path().resolveSibling("");
    Cases network = new Cases(new Lpips(features(index)));
    if (Files.exists(folder.resolve("model.safetensors"))) {
      try (CheckpointWeights weights =
          CheckpointWeights.open(folder, "model", null, network, Lpips::ignores, manager)) {
        return ParityCase.check(index, network, weights, manager);
      }
    }
    try (RecipeWeights recipe = RecipeWeights.open(index, network, manager)) {
      List<ParityReport.Row> rows = new ArrayList<>(recipe.check());
      rows.addAll(ParityCase.check(index, network, recipe.weights(), manager).rows());
      return new ParityReport(folder, rows);
    }
  }

  private static Features features(ModelConfig index) {
    List<Integer> widths = index.integers("widths", List.of());
    String net = index.text("net", "");
    if (widths.size() != 5) {
      throw new CheckpointException(
          "%s: 'widths' is %s, expected five numbers".formatted(index.path(), widths));
    }
    int[] channels = widths.stream().mapToInt(Integer::intValue).toArray();
    return switch (net) {
      case "alex" -> Features.alex(channels);
      case "vgg" -> Features.vgg(channels);
      default ->
          throw new CheckpointException(
              "%s: 'net' is '%s', expected 'alex' or 'vgg'".formatted(index.path(), net));
    };
  }

  private record Cases(Lpips network) implements ReferenceNetwork {

    @Override
    public List<ParameterSpec> parameters() {
      return network.parameters();
    }

    @Override
    public Map<String, NDArray> run(Pass pass, Map<String, NDArray> inputs) {
      List<List<NDArray>> maps = new ArrayList<>();
      for (String name : List.of("in0", "in1")) {
        NDArray pictures = inputs.get(name);
        if (pictures == null) {
          throw new IllegalArgumentException(
              "inputs are %s, expected in0 and in1".formatted(inputs.keySet()));
        }
        List<NDArray> own = new ArrayList<>();
        for (NDArray map : network.maps(pass, pictures)) {
          String tap = name + ".relu." + own.size();
          pass.tap(tap + ".channel_mean", map.mean(new int[] {1}));
          own.add(pass.tap(tap, map));
        }
        maps.add(own);
      }
      List<NDArray> terms = network.distances(pass, maps.get(0), maps.get(1));
      Map<String, NDArray> outputs = new LinkedHashMap<>();
      outputs.put("distance", Lpips.sum(terms).reshape(-1, 1, 1, 1));
      for (int k = 0; k < terms.size(); k++) {
        outputs.put("layer." + k, terms.get(k).reshape(-1, 1, 1, 1));
      }
      return outputs;
    }
  }
}
