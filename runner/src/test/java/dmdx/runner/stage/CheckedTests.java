package dmdx.runner.stage;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.AdversarialLoss;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.MapWeights;
import dmdx.runner.plugin.PluginException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CheckedTests {
  private final NDManager manager = NDManager.newBaseManager(Device.cpu());
  private final NDArray x = Autograd.leaf(manager.ones(new Shape(2, 1, 3)));

  @AfterEach
  void closes() {
    manager.close();
  }

  private NDArray loss(UnaryOperator<NDArray> objective) {
    AdversarialLoss loss =
        new AdversarialLoss() {
          @Override
          public String name() {
            return "own";
          }

          @Override
          public String description() {
            return "a test's";
          }

          @Override
          public NDArray generator(List<NDArray> fake) {
            return objective.apply(fake.get(0));
          }

          @Override
          public NDArray discriminator(List<NDArray> real, List<NDArray> fake) {
            return objective.apply(real.get(0));
          }
        };
    return Checked.adversarial("adversarial 'own' (own.jar)", loss).generator(List.of(x));
  }

  private List<NDArray> logits(UnaryOperator<NDArray> head) {
    DiscriminatorHeads heads =
        new DiscriminatorHeads() {
          @Override
          public List<ParameterSpec> parameters() {
            return List.of();
          }

          @Override
          public List<NDArray> logits(Pass pass, List<NDArray> features) {
            return features.stream().limit(1).map(head).toList();
          }
        };
    Pass pass = ForwardPass.of(new MapWeights("none", Map.of()), manager);
    return Checked.heads("heads 'own' (own.jar)", 1, heads).logits(pass, List.of(x));
  }

  private static String message(Runnable call) {
    try (Autograd.Mode recording = Autograd.recording()) {
      return assertThrows(PluginException.class, call::run).getMessage();
    }
  }

  @Test
  void a_loss_that_is_no_scalar_or_has_no_gradient_names_its_plugin() {
    assertEquals(
        "adversarial 'own' (own.jar): 'generator' returns (2, 1, 3), expected a scalar. Take the mean over the batch and all positions.",
        message(() -> loss(NDArray::square)));
    assertEquals(
        "adversarial 'own' (own.jar): 'generator' returns a scalar that carries no gradient. Compute it from its arguments by operations on arrays, without detaching what is to be trained.",
        message(() -> loss(y -> Ops.detach(y).mean())));
    assertEquals(1, loss(NDArray::mean).getFloat(), "where nothing is recorded no gradient is due");
  }

  @Test
  void a_divergence_that_is_no_scalar_names_its_plugin() {
    DivergenceLoss loss =
        new DivergenceLoss() {
          @Override
          public Set<Input> inputs() {
            return Set.of(Input.CLEAN_ESTIMATES);
          }

          @Override
          public NDArray generator(ScoreEstimates estimates, Critic critic) {
            return estimates.student().square();
          }
        };
    DivergenceLoss checked = Checked.divergence("divergence 'own' (own.jar)", loss);
    double[] t = {1, 1};
    ScoreEstimates estimates = new ScoreEstimates(x, t, t, x, x, null, null, null);
    assertEquals(
        "divergence 'own' (own.jar): 'generator' returns (2, 1, 3), expected a scalar. Take the mean over the batch and all positions.",
        message(() -> checked.generator(estimates, (latents, times) -> List.of())));
    assertEquals(loss.inputs(), checked.inputs());
    assertEquals(loss.hasCritic(), checked.hasCritic());
  }

  @Test
  void logits_that_are_none_of_a_feature_name_their_plugin() {
    assertEquals(
        "heads 'own' (own.jar): returns logits (6) for feature 0, expected [2, 1, …].",
        message(() -> logits(y -> y.reshape(6))));
    assertEquals(
        "heads 'own' (own.jar): returns logits for feature 0 that carry no gradient to it. Compute them by operations on arrays, without detaching.",
        message(() -> logits(y -> Ops.detach(y).mul(y.getManager().ones(new Shape(1))))));
    assertEquals(1, logits(UnaryOperator.identity()).size());
    DiscriminatorHeads none = Checked.heads("heads 'own' (own.jar)", 2, heads());
    assertEquals(
        "heads 'own' (own.jar): returns 0 maps of logits for 2 features. Return one per feature.",
        message(
            () ->
                none.logits(
                    ForwardPass.of(new MapWeights("none", Map.of()), manager), List.of(x, x))));
  }

  private static DiscriminatorHeads heads() {
    return new DiscriminatorHeads() {
      @Override
      public List<ParameterSpec> parameters() {
        return List.of();
      }

      @Override
      public List<NDArray> logits(Pass pass, List<NDArray> features) {
        return List.of();
      }
    };
  }
}
