package dmdx.runner.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.Storage;
import dmdx.nn.weights.TrainableWeights;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/** A two-layer network and an objective that fits noisy numbers: all a trainer needs. */
public final class Toy implements Network {
  private final Linear first = Linear.of("first", 3, 16);
  private final Linear second = Linear.of("second", 16, 1);

  @Override
  public List<ParameterSpec> parameters() {
    return new Parameters().add(first, second).list();
  }

  NDArray forward(Pass pass, NDArray x) {
    return second.forward(pass, Ops.silu(first.forward(pass, x)));
  }

  public static TrainableRole role(String name, NDManager manager) {
    return role(name, Storage.inMemory(), manager);
  }

  static TrainableRole role(String name, Storage storage, NDManager manager) {
    Toy toy = new Toy();
    OptimizerSettings settings =
        new OptimizerSettings(
            1e-2, List.of(0.9, 0.99), 0.01, 1, 5, "cosine", OptimizerSettings.Offload.NONE);
    return new TrainableRole(
        name,
        toy,
        TrainableWeights.initialised(toy, 3, storage, manager),
        UnaryOperator.identity(),
        settings,
        0.9,
        manager);
  }

  /** All trained numbers of a role. */
  public static NDArray flat(TrainableRole role) {
    return Objects.requireNonNull(role.state().get("weights"));
  }

  /** Regression of the mean of three random numbers. */
  public static Update.Objective regression(String role) {
    return it -> {
      NDArray x = it.gaussian("x", new Shape(8, 3));
      NDArray y = x.mean(new int[] {1}, true);
      return new Toy().forward(it.pass(role), x).sub(y).square().mean();
    };
  }

  public static TrainingPlan plan(TrainableRole role, long iterations) {
    return new TrainingPlan(
        "toy",
        List.of(role),
        List.of(Update.always("fit", role.name(), regression(role.name()))),
        iterations,
        2);
  }
}
