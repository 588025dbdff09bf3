package dmdx.nn.classify;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.api.CheckpointException;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AttributeClassifierTests {
  private static final AttributeClassifier CLASSIFIER =
      new AttributeClassifier(
          List.of(8, 16),
          List.of(
              new Attribute("garment", List.of("bag", "coat", "dress")),
              new Attribute("colour", List.of("red", "blue"))));

  private static ModelConfig config(String json) throws IOException {
    return ModelConfig.of(new ObjectMapper().readTree(json), Path.of("judge/config.json"));
  }

  @Test
  void scores_every_attribute_from_the_features() {
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(CLASSIFIER, 1, manager)) {
      NDArray pixels = Noise.of(2).gaussian(manager, new Shape(4, 3, 16, 16));
      AttributeClassifier.Output output =
          CLASSIFIER.forward(ForwardPass.of(weights, manager), pixels);
      assertEquals(List.of("garment", "colour"), List.copyOf(output.scores().keySet()));
      assertEquals(new Shape(4, CLASSIFIER.features()), output.features().getShape());
      NDArray garment = output.scores().get("garment");
      NDArray expected =
          output
              .features()
              .matMul(weights.get("heads.garment.weight").transpose())
              .add(weights.get("heads.garment.bias"));
      assertEquals(new Shape(4, 3), garment.getShape());
      assertArrayEquals(expected.toFloatArray(), garment.toFloatArray(), 1e-5f);
    }
  }

  @Test
  void a_picture_is_judged_the_same_in_any_company() {
    try (NDManager manager = NDManager.newBaseManager();
        TrainableWeights weights = TrainableWeights.initialised(CLASSIFIER, 1, manager)) {
      NDArray pixels = Noise.of(2).gaussian(manager, new Shape(4, 3, 16, 16));
      NDArray all =
          CLASSIFIER.forward(ForwardPass.of(weights, manager), pixels).features().get("2:3");
      NDArray alone =
          CLASSIFIER.forward(ForwardPass.of(weights, manager), pixels.get("2:3")).features();
      assertArrayEquals(all.toFloatArray(), alone.toFloatArray(), 1e-5f);
    }
  }

  @Test
  void tells_what_a_prompt_asks_for() {
    assertEquals(
        Map.of("garment", 1, "colour", -1), CLASSIFIER.expected("a photo of a green coat"));
  }

  @Test
  void reads_its_configuration() throws IOException {
    AttributeClassifier read =
        AttributeClassifier.from(
            config(
                """
                {"_class_name": "AttributeClassifier", "channels": [8, 16],
                 "attributes": {"garment": ["bag", "coat", "dress"], "colour": ["red", "blue"]}}
                """));
    assertEquals(CLASSIFIER.attributes(), read.attributes());
    assertEquals(CLASSIFIER.parameters(), read.parameters());
  }

  @Test
  void names_the_file_of_a_bad_configuration() {
    for (String json :
        List.of(
            "{\"channels\": [8]}",
            "{\"channels\": [12], \"attributes\": {\"a\": [\"x\", \"y\"]}}",
            "{\"channels\": [8], \"attributes\": {\"a\": [\"x\"]}}")) {
      CheckpointException e =
          assertThrows(CheckpointException.class, () -> AttributeClassifier.from(config(json)));
      assertTrue(e.getMessage().contains("config.json"), e.getMessage());
    }
  }
}
