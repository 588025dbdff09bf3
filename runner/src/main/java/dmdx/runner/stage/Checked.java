package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import dmdx.api.AdversarialLoss;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.DivergenceLoss;
import dmdx.api.ScoreEstimates;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.torch.Autograd;
import dmdx.runner.plugin.PluginException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parts of plugins whose results are checked, so that an error names the plugin. */
final class Checked {
  private Checked() {}

  /**
   * @param who names the plugin in messages
   */
  static DivergenceLoss divergence(String who, DivergenceLoss loss) {
    return new DivergenceLoss() {
      @Override
      public Set<Input> inputs() {
        return loss.inputs();
      }

      @Override
      public boolean hasCritic() {
        return loss.hasCritic();
      }

      @Override
      public NDArray generator(ScoreEstimates estimates, Critic critic) {
        return scalar(who, "generator", loss.generator(estimates, critic));
      }

      @Override
      public NDArray critic(ScoreEstimates estimates, Critic critic) {
        return scalar(who, "critic", loss.critic(estimates, critic));
      }

      @Override
      public Map<String, Long> counters() {
        return loss.counters();
      }
    };
  }

  /**
   * @param who names the plugin in messages
   */
  static AdversarialLoss adversarial(String who, AdversarialLoss loss) {
    return new AdversarialLoss() {
      @Override
      public String name() {
        return loss.name();
      }

      @Override
      public String description() {
        return loss.description();
      }

      @Override
      public NDArray generator(List<NDArray> fake) {
        return scalar(who, "generator", loss.generator(fake));
      }

      @Override
      public NDArray discriminator(List<NDArray> real, List<NDArray> fake) {
        return scalar(who, "discriminator", loss.discriminator(real, fake));
      }
    };
  }

  private static NDArray scalar(String who, String method, @Nullable NDArray loss) {
    if (loss == null || loss.size() != 1) {
      throw new PluginException(
          "%s: '%s' returns %s, expected a scalar. Take the mean over the batch and all positions."
              .formatted(who, method, loss == null ? "null" : loss.getShape()));
    }
    if (Autograd.isRecording() && !Autograd.isRecorded(loss)) {
      throw new PluginException(
          "%s: '%s' returns a scalar that carries no gradient. Compute it from its arguments by operations on arrays, without detaching what is to be trained."
              .formatted(who, method));
    }
    return loss;
  }

  /**
   * @param who names the plugin in messages
   * @param taps number of features the heads were made for
   */
  static DiscriminatorHeads heads(String who, int taps, DiscriminatorHeads heads) {
    return new DiscriminatorHeads() {
      @Override
      public List<ParameterSpec> parameters() {
        return heads.parameters();
      }

      @Override
      public List<NDArray> logits(Pass pass, List<NDArray> features) {
        List<NDArray> logits = heads.logits(pass, features);
        if (logits.size() != taps) {
          throw new PluginException(
              "%s: returns %d maps of logits for %d features. Return one per feature."
                  .formatted(who, logits.size(), taps));
        }
        for (int i = 0; i < taps; i++) {
          Shape shape = logits.get(i).getShape();
          long rows = features.get(i).getShape().get(0);
          if (shape.dimension() < 2 || shape.get(0) != rows || shape.get(1) != 1) {
            throw new PluginException(
                "%s: returns logits %s for feature %d, expected [%d, 1, …]."
                    .formatted(who, shape, i, rows));
          }
          if (Autograd.isRecording()
              && Autograd.needsGradient(features.get(i))
              && !Autograd.needsGradient(logits.get(i))) {
            throw new PluginException(
                "%s: returns logits for feature %d that carry no gradient to it. Compute them by operations on arrays, without detaching."
                    .formatted(who, i));
          }
        }
        return logits;
      }
    };
  }
}
