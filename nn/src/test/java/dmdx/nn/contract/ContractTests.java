package dmdx.nn.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import com.typesafe.config.ConfigFactory;
import dmdx.api.AdversarialLoss;
import dmdx.api.BackboneProvider;
import dmdx.api.Conditioning;
import dmdx.api.DiscriminatorBackbone;
import dmdx.api.DiscriminatorHeads;
import dmdx.api.DivergenceLoss;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.FeatureTap;
import dmdx.api.ImageSize;
import dmdx.api.ScoreEstimates;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.api.settings.Settings;
import dmdx.nn.layer.Conv;
import dmdx.nn.layer.Parameters;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.MapWeights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Plugins that break their promises are told which. */
class ContractTests {
  private static final Shape SHAPE = new Shape(2, 3, 4, 4);
  private static final ImageSize SIZE = new ImageSize(5, 4, 1);

  private static void only(String expected, List<String> problems) {
    assertEquals(1, problems.size(), problems::toString);
    assertTrue(problems.get(0).contains(expected), problems::toString);
  }

  /** Draws samples towards the pairs' targets, or as told. */
  private record Pairs(Function<ScoreEstimates, NDArray> loss) implements DivergenceLoss {
    @Override
    public Set<Input> inputs() {
      return Set.of(Input.ODE_PAIRS);
    }

    @Override
    public NDArray generator(ScoreEstimates estimates, Critic critic) {
      return loss.apply(estimates);
    }
  }

  private static NDArray distance(ScoreEstimates e) {
    return e.student().sub(e.requirePairTarget()).square();
  }

  private static List<String> of(Function<ScoreEstimates, NDArray> loss) {
    return DivergenceContract.problems(new Pairs(loss), SHAPE);
  }

  @Test
  void a_divergence_that_keeps_its_promises_has_no_problems() {
    assertEquals(List.of(), of(e -> distance(e).mean()));
  }

  @Test
  void a_divergence_must_be_a_scalar_with_gradient_to_all_of_the_student() {
    only("loss: is (2, 3, 4, 4), expected ()", of(ContractTests::distance));
    only("no gradient flows to the input", of(e -> Ops.detach(distance(e).mean())));
    only("is 0 at 48 of 96 elements", of(e -> Ops.slice(distance(e), 0, 0, 1).mean()));
    only(
        "loss: has values that are no finite",
        of(e -> Ops.times(distance(e).mean(), 1e38).square()).subList(0, 1));
  }

  @Test
  void a_divergence_must_list_what_it_reads() {
    only("supplies no ODE_STEPS", of(e -> e.student().sub(e.requireFakeStep()).square().mean()));
  }

  @Test
  void a_critic_must_be_shown_real_and_fake_samples() {
    DivergenceLoss once =
        new DivergenceLoss() {
          @Override
          public Set<Input> inputs() {
            return Set.of(Input.ODE_STEPS);
          }

          @Override
          public boolean hasCritic() {
            return true;
          }

          @Override
          public NDArray generator(ScoreEstimates e, Critic critic) {
            return critic.logits(e.requireFakeStep(), e.s()).get(0).square().mean();
          }

          @Override
          public NDArray critic(ScoreEstimates e, Critic critic) {
            return critic.logits(e.requireRealStep(), e.s()).get(0).mean();
          }
        };
    only("asks for logits 1 times", DivergenceContract.problems(once, SHAPE));
  }

  /** Halves the pixels' mean. */
  private record Grey(UnaryOperator<NDArray> feature) implements DiscriminatorBackbone {
    @Override
    public Network network() {
      return List::of;
    }

    @Override
    public Weights weights() {
      return new MapWeights("none", Map.of());
    }

    @Override
    public List<FeatureTap> taps() {
      return List.of(new FeatureTap("grey", 1, 1, 2));
    }

    @Override
    public List<long[]> mapSizes(ImageSize input) {
      return List.of(new long[] {input.height(), input.width()});
    }

    @Override
    public List<NDArray> features(
        Pass pass, NDArray x, double @Nullable [] t, @Nullable Conditioning conditioning) {
      return List.of(feature.apply(x.mean(new int[] {1}, true).add(2)));
    }

    @Override
    public void close() {}
  }

  private static List<String> backbone(UnaryOperator<NDArray> feature) {
    return BackboneContract.problems(new Grey(feature), SIZE);
  }

  @Test
  void a_backbone_must_give_the_features_announced_with_gradient_to_every_pixel() {
    assertEquals(List.of(), backbone(x -> x));
    only("is (2, 5, 1, 4), expected (2, 1, 5, 4)", backbone(x -> x.transpose(0, 2, 1, 3)));
    only("no gradient flows to the input", backbone(Ops::detach));
    only("is 0 at 24 of 120 elements", backbone(x -> Ops.pad(Ops.slice(x, 2, 1, 5), 0, 0, 1, 0)));
  }

  @Test
  void what_keeps_tensors_is_told() {
    only(
        "memory grows",
        backbone(
            x -> {
              Ops.handleOf(x, x.getManager());
              return x;
            }));
  }

  /** One linear head, whose logits are changed as told. */
  private record Heads(String name, UnaryOperator<NDArray> logits) implements DiscriminatorHeads {
    private static final FeatureTap TAP = new FeatureTap("layer", 3, 1, 2);

    private Conv conv() {
      return Conv.of(name, 3, 1, 1, 1, 0);
    }

    @Override
    public List<ParameterSpec> parameters() {
      return new Parameters().add(conv()).list();
    }

    @Override
    public List<NDArray> logits(Pass pass, List<NDArray> features) {
      return List.of(logits.apply(conv().forward(pass, features.get(0))));
    }
  }

  private static List<String> heads(UnaryOperator<NDArray> logits) {
    return HeadsContract.problems(
        new Heads("head", logits), List.of(Heads.TAP), List.of(new long[] {4, 5}));
  }

  @Test
  void heads_must_give_a_logit_a_row_that_depends_on_feature_and_parameters() {
    assertEquals(List.of(), heads(x -> x));
    assertEquals(List.of(), heads(x -> x.reshape(3, 1, 20).mean(new int[] {2})));
    only("are (1, 5, 3, 4), expected (3, 1, …)", heads(x -> x.transpose(1, 3, 0, 2)));
    List<String> constant = heads(Ops::detach);
    assertTrue(constant.get(0).contains("no gradient flows"), constant::toString);
    assertTrue(
        constant.get(1).contains("parameter 'head.weight': no logit depends"), constant::toString);
    only(
        "logits: are 1, taps 2",
        HeadsContract.problems(
            new Heads("head", x -> x),
            List.of(Heads.TAP, Heads.TAP),
            List.of(new long[] {4, 5}, new long[] {4, 5})));
  }

  @Test
  void heads_may_share_what_they_compute() {
    Conv conv = Conv.of("shared", 3, 1, 1, 1, 0);
    DiscriminatorHeads shared =
        new DiscriminatorHeads() {
          @Override
          public List<ParameterSpec> parameters() {
            return new Parameters().add(conv).list();
          }

          @Override
          public List<NDArray> logits(Pass pass, List<NDArray> features) {
            NDArray both =
                conv.forward(pass, features.get(0)).add(conv.forward(pass, features.get(1)));
            return List.of(both, both.square());
          }
        };
    assertEquals(
        List.of(),
        HeadsContract.problems(
            shared, List.of(Heads.TAP, Heads.TAP), List.of(new long[] {4, 5}, new long[] {4, 5})));
  }

  /** Least squares towards 1 and 0 (Mao et al. 2017), some part of it changed. */
  private record LeastSquares(UnaryOperator<NDArray> logits, UnaryOperator<NDArray> reduction)
      implements AdversarialLoss {
    @Override
    public String name() {
      return "least-squares";
    }

    @Override
    public String description() {
      return "for a test";
    }

    private NDArray distance(List<NDArray> maps, float target) {
      return Ops.times(
          maps.stream()
              .map(map -> reduction.apply(logits.apply(map).sub(target).square()))
              .reduce(NDArray::add)
              .orElseThrow(),
          1.0 / maps.size());
    }

    @Override
    public NDArray generator(List<NDArray> fake) {
      return distance(fake, 1);
    }

    @Override
    public NDArray discriminator(List<NDArray> real, List<NDArray> fake) {
      return distance(real, 1).add(distance(fake, 0));
    }
  }

  private static List<String> objective(
      UnaryOperator<NDArray> logits, UnaryOperator<NDArray> reduction) {
    return AdversarialContract.problems(new LeastSquares(logits, reduction));
  }

  @Test
  void an_objective_must_tell_real_from_fake() {
    assertEquals(List.of(), objective(x -> x, NDArray::mean));
    assertEquals(
        List.of(
            "generator's loss: is not lower if the logits of its samples are larger",
            "discriminator's loss: is not lower if the logits of real samples are larger than"
                + " those of fake ones"),
        objective(NDArray::neg, NDArray::mean));
    List<String> detached = objective(Ops::detach, NDArray::mean);
    assertEquals("generator's loss: no gradient flows to the logits", detached.get(0));
  }

  @Test
  void an_objective_must_be_a_mean_over_positions_and_maps() {
    List<String> maps = objective(x -> x, x -> x);
    assertEquals("generator's loss: is (2, 1, 3, 3), expected ()", maps.get(0));
    List<String> sums = objective(x -> x, NDArray::sum);
    assertEquals(2, sums.size(), sums::toString);
    assertTrue(sums.get(0).endsWith("take the mean over positions"), sums::toString);
    List<String> pooled =
        AdversarialContract.problems(new Pooled(new LeastSquares(x -> x, NDArray::mean)));
    assertEquals(2, pooled.size(), pooled::toString);
    assertTrue(pooled.get(0).endsWith("take the mean over maps"), pooled::toString);
  }

  /** Takes the mean over all positions of all maps at once, so large maps count for more. */
  private record Pooled(AdversarialLoss of) implements AdversarialLoss {
    @Override
    public String name() {
      return "pooled";
    }

    @Override
    public String description() {
      return "for a test";
    }

    private static List<NDArray> pooled(List<NDArray> maps) {
      return List.of(
          maps.stream().map(map -> map.reshape(-1)).reduce((x, y) -> x.concat(y)).orElseThrow());
    }

    @Override
    public NDArray generator(List<NDArray> fake) {
      return of.generator(pooled(fake));
    }

    @Override
    public NDArray discriminator(List<NDArray> real, List<NDArray> fake) {
      return of.discriminator(pooled(real), pooled(fake));
    }
  }

  /** A divergence whose settings are read by a function. */
  private record Provider(BiFunction<Settings, DivergenceLoss, DivergenceLoss> reader)
      implements DivergenceLossProvider {
    @Override
    public String name() {
      return "some-divergence";
    }

    @Override
    public String description() {
      return "for a test";
    }

    @Override
    public DivergenceLoss create(Settings settings) {
      return reader.apply(settings, new Pairs(e -> distance(e).mean()));
    }
  }

  private static List<String> settings(
      BiFunction<Settings, DivergenceLoss, DivergenceLoss> reader) {
    Provider provider = new Provider(reader);
    return SettingsContract.problems(
        provider, ConfigFactory.parseString("steps = 3"), provider::create);
  }

  @Test
  void settings_must_all_be_read_and_unknown_ones_refused() {
    assertEquals(
        List.of(),
        settings(
            (settings, loss) -> {
              settings.integer("steps", 1, 5);
              settings.finish();
              return loss;
            }));
    List<String> lax = settings((settings, loss) -> loss);
    assertTrue(lax.stream().anyMatch(p -> p.contains("steps")), lax::toString);
    assertTrue(lax.stream().anyMatch(p -> p.contains("call Settings.finish()")), lax::toString);
    only(
        "throws java.lang.IllegalStateException",
        settings(
            (settings, loss) -> {
              settings.integer("steps", 1, 5);
              settings.finish();
              throw new IllegalStateException("closed");
            }));
  }

  /** Backbones whose settings are never looked at. */
  private record Lax(DiscriminatorBackbone backbone) implements BackboneProvider {
    @Override
    public String name() {
      return "some-backbone";
    }

    @Override
    public String description() {
      return "for a test";
    }

    @Override
    public DiscriminatorBackbone open(Path folder, Settings settings) {
      return backbone;
    }
  }

  @Test
  void of_a_provider_settings_and_what_it_opens_are_checked() {
    BackboneProvider lax = new Lax(new Grey(Ops::detach));
    List<String> problems =
        BackboneContract.problems(
            lax, ConfigFactory.empty(), settings -> lax.open(Path.of("."), settings), SIZE);
    assertEquals(2, problems.size(), problems::toString);
    assertTrue(problems.get(0).contains("no gradient flows to the input"), problems::toString);
    assertTrue(problems.get(1).contains("call Settings.finish()"), problems::toString);
  }

  @Test
  void services_must_be_provided_and_listed() {
    Module own = ContractTests.class.getModule();
    assertEquals(List.of(), ServiceContract.problems(own, ReferenceCheck.class));
    only(
        "does not provide [dmdx.api.DivergenceLossProvider]",
        ServiceContract.problems(own, DivergenceLossProvider.class));
    assertTrue(
        ServiceContract.problems(ImageIO.class.getModule()).stream()
            .anyMatch(p -> p.contains("lists [], module-info.java provides")));
  }
}
