package dmdx.nn.vae;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDManager;
import dmdx.nn.parity.ParityCase;
import dmdx.nn.parity.ParityReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AutoencoderKlCogVideoXTests {

  static Stream<ParityCase> cases() {
    Path shared = Path.of("../../shared/golden/autoencoder-kl-cogvideox");
    Path committed = Path.of("src/test/resources/golden/autoencoder-kl-cogvideox");
    return ParityCase.find(Files.isDirectory(shared) ? shared : committed).stream();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void matches_the_reference_in_values_and_gradients(ParityCase golden) {
    AutoencoderKlReference provider = new AutoencoderKlReference();
    assertTrue(provider.accepts(golden.config()));
    try (NDManager manager = NDManager.newBaseManager()) {
      ParityReport report = golden.check(provider.build(golden.config()), manager);
      assertTrue(report.passed(), report::toString);
    }
  }

  @Test
  void has_the_parameters_of_the_published_autoencoder() {
    AutoencoderKlCogVideoX network =
        AutoencoderKlCogVideoX.of(
            new AutoencoderKlCogVideoXConfig(
                3, 3, List.of(128, 256, 256, 512), 3, 16, 32, 1e-6, 4, 1.15258426));
    assertEquals(215_583_907, network.parameterCount());
    assertEquals(436, network.parameters().size());
    assertEquals(92_215_456, count(network, "encoder."));
    assertEquals(123_368_451, count(network, "decoder."));
  }

  private static long count(AutoencoderKlCogVideoX network, String half) {
    return network.parameters().stream()
        .filter(p -> p.name().startsWith(half))
        .mapToLong(p -> p.shape().size())
        .sum();
  }
}
