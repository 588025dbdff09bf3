package dmdx.nn.parity;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.nn.parity.ParityCase.Stored;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.nn.weights.Tape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Compares the gradients that a {@link Tape} computes with those of autograd alone: of the stored
 * inputs and weights, for a loss that takes in every output and every stored hidden state.
 */
final class Recomputed {

  /** Both add the same numbers in the same order, but memory layouts may choose other kernels. */
  private static final double TOLERANCE = 1e-6;

  private Recomputed() {}

  /** One row per gradient; none for a run without stored gradients. */
  static List<ParityReport.Row> compare(
      Path path, ReferenceNetwork network, Subject subject, NDManager manager) {
    try (SafetensorsFile file = SafetensorsFile.open(path);
        NDManager memory = manager.newSubManager();
        Scope scope = new Scope()) {
      Stored stored = Stored.read(file, memory);
      Map<String, NDArray> expected = gradients(network, subject, stored, memory, false);
      Map<String, NDArray> actual = gradients(network, subject, stored, memory, true);
      double largest =
          expected.values().stream().mapToDouble(Comparison::magnitude).max().orElse(0);
      List<ParityReport.Row> rows = new ArrayList<>();
      expected.forEach(
          (name, gradient) -> {
            Comparison c = Comparison.of(actual.get(name), gradient, largest);
            rows.add(
                new ParityReport.Row(
                    path.getFileName().toString(), "tape", name, c.error(), TOLERANCE, c.remark()));
          });
      return rows;
    }
  }

  /** By name, {@code in.} or {@code param.} in front. */
  private static Map<String, NDArray> gradients(
      ReferenceNetwork network,
      Subject subject,
      Stored stored,
      NDManager memory,
      boolean recompute) {
    try (Scope scope = new Scope();
        Autograd.Mode recording = Autograd.recording();
        Tape tape = recompute ? Tape.open(memory) : null) {
      Map<String, NDArray> inputs = new LinkedHashMap<>(stored.of("in"));
      Set<String> differentiated = stored.of("grad.in").keySet();
      differentiated.forEach(name -> inputs.computeIfPresent(name, ParityCase::leaf));
      LeafWeights leaves = new LeafWeights(subject.trained(), stored.of("grad.param").keySet());
      ForwardPass pass =
          ForwardPass.recording(subject.effective(leaves), memory, stored.of("tap").keySet());
      NDArray loss = null;
      List<NDArray> states = new ArrayList<>(network.run(pass, inputs).values());
      states.addAll(pass.taps().values());
      for (NDArray state : states) {
        if (Autograd.needsGradient(state)) {
          NDArray term = state.square().mean();
          loss = loss == null ? term : loss.add(term);
        }
      }
      Map<String, NDArray> gradients = new LinkedHashMap<>();
      if (loss == null) {
        return gradients;
      }
      Tape.backward(loss);
      differentiated.forEach(name -> put(gradients, scope, "in." + name, inputs.get(name)));
      stored
          .of("grad.param")
          .keySet()
          .forEach(name -> put(gradients, scope, "param." + name, leaves.leaf(name)));
      return gradients;
    }
  }

  private static void put(
      Map<String, NDArray> gradients, Scope scope, String name, @Nullable NDArray leaf) {
    NDArray gradient = leaf == null || !leaf.hasGradient() ? null : Autograd.gradient(leaf);
    if (gradient != null) {
      gradients.put(name, scope.keep(gradient));
    }
  }
}
