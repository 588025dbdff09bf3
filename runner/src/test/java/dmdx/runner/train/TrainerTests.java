package dmdx.runner.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.Storage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTests {
  private NDManager manager;

  @BeforeEach
  void open() {
    manager = NDManager.newBaseManager();
  }

  @AfterEach
  void close() {
    manager.close();
  }

  /** Has no room for one of the tensors. */
  private static final class FullDisk implements Storage {
    private final String refused;
    private boolean closed;

    FullDisk(String refused) {
      this.refused = refused;
    }

    @Override
    public Device device(Device computing) {
      return Device.cpu();
    }

    @Override
    public NDArray zeros(String name, long size, NDManager owner) {
      if (name.equals(refused)) {
        throw new CheckpointException("there is no room");
      }
      return owner.zeros(new Shape(size));
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"first_moment", "second_moment", "average"})
  void a_role_that_finds_no_room_gives_back_what_it_has(String refused) {
    FullDisk storage = new FullDisk(refused);
    assertThrows(CheckpointException.class, () -> Toy.role("net", storage, manager));
    assertTrue(storage.closed);
  }

  @Test
  void learns_a_simple_function() {
    List<Double> losses = new ArrayList<>();
    try (TrainableRole role = Toy.role("net", manager)) {
      new Trainer(Toy.plan(role, 200), 1, manager).run(0, (n, m) -> losses.add(m.get("loss/fit")));
    }
    double early = losses.subList(0, 10).stream().mapToDouble(d -> d).average().orElseThrow();
    double late = losses.subList(190, 200).stream().mapToDouble(d -> d).average().orElseThrow();
    assertTrue(late < 0.2 * early, early + " -> " + late);
  }

  @Test
  void an_interrupted_run_ends_with_the_same_bits() {
    float[] straight;
    float[] straightAverage;
    try (TrainableRole role = Toy.role("net", manager)) {
      new Trainer(Toy.plan(role, 30), 1, manager).run(0, (n, m) -> {});
      straight = Toy.flat(role).toFloatArray();
      straightAverage = role.state().get("average").toFloatArray();
    }
    Map<String, NDArray> saved = new HashMap<>();
    long steps;
    try (TrainableRole role = Toy.role("net", manager)) {
      assertThrows(
          Interruption.class,
          () ->
              new Trainer(Toy.plan(role, 30), 1, manager)
                  .run(
                      0,
                      (n, m) -> {
                        if (n == 12) {
                          throw new Interruption();
                        }
                      }));
      role.state().forEach((name, value) -> saved.put(name, copy(value)));
      steps = role.optimizerSteps();
    }
    try (TrainableRole role = Toy.role("net", manager)) {
      role.restore(saved, steps);
      new Trainer(Toy.plan(role, 30), 1, manager).run(13, (n, m) -> {});
      assertArrayEquals(straight, Toy.flat(role).toFloatArray());
      assertArrayEquals(straightAverage, role.state().get("average").toFloatArray());
    }
  }

  private NDArray copy(NDArray value) {
    NDArray copy = value.duplicate();
    copy.attach(manager);
    return copy;
  }

  private static final class Interruption extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  @Test
  void updates_run_when_they_are_due_and_in_order() {
    List<String> log = new ArrayList<>();
    try (TrainableRole a = Toy.role("a", manager);
        TrainableRole b = Toy.role("b", manager)) {
      Update always = Update.always("always", "a", logged("always", "a", log));
      Update third = new Update("third", List.of("b"), 3, 2, 7, logged("third", "b", log));
      TrainingPlan plan = new TrainingPlan("toy", List.of(a, b), List.of(always, third), 8, 1);
      new Trainer(plan, 1, manager).run(0, (n, m) -> {});
    }
    assertEquals(
        List.of(
            "always0", "always1", "always2", "always3", "third3", "always4", "always5", "always6",
            "third6", "always7"),
        log);
  }

  private static Update.Objective logged(String name, String role, List<String> log) {
    return it -> {
      log.add(name + it.number());
      return Toy.regression(role).loss(it);
    };
  }

  @Test
  void only_the_updated_role_changes() {
    try (TrainableRole a = Toy.role("a", manager);
        TrainableRole b = Toy.role("b", manager)) {
      float[] before = Toy.flat(b).toFloatArray();
      Update onA =
          Update.always(
              "a", "a", it -> Toy.regression("b").loss(it).add(Toy.regression("a").loss(it)));
      Update onB = new Update("b", List.of("b"), 1, 100, 100, Toy.regression("b"));
      new Trainer(new TrainingPlan("toy", List.of(a, b), List.of(onA, onB), 3, 1), 1, manager)
          .run(0, (n, m) -> {});
      assertArrayEquals(before, Toy.flat(b).toFloatArray());
    }
  }

  @Test
  void micro_batches_add_up_to_the_gradient_of_the_batch() {
    List<Double> norms = new ArrayList<>();
    for (int micro : new int[] {1, 2}) {
      try (TrainableRole role = Toy.role("net", manager)) {
        Update.Objective same =
            it -> {
              NDArray x = it.manager().ones(new Shape(4, 3));
              return new Toy().forward(it.pass("net"), x).sub(1f).square().mean();
            };
        TrainingPlan plan =
            new TrainingPlan(
                "toy", List.of(role), List.of(Update.always("u", "net", same)), 1, micro);
        new Trainer(plan, 1, manager).run(0, (n, m) -> norms.add(m.get("gradient-norm/net")));
      }
    }
    assertEquals(norms.get(0), norms.get(1), 1e-6);
  }

  @Test
  void stops_at_a_loss_that_is_not_finite_and_leaves_the_weights() {
    try (TrainableRole role = Toy.role("net", manager)) {
      float[] before = Toy.flat(role).toFloatArray();
      Update bad =
          Update.always(
              "bad", "net", it -> Toy.regression("net").loss(it).mul(Float.POSITIVE_INFINITY));
      TrainingPlan plan = new TrainingPlan("toy", List.of(role), List.of(bad), 2, 1);
      DivergenceException error =
          assertThrows(
              DivergenceException.class, () -> new Trainer(plan, 1, manager).run(0, (n, m) -> {}));
      assertTrue(error.getMessage().startsWith("iteration 1: the loss of update 'bad'"));
      assertArrayEquals(before, Toy.flat(role).toFloatArray());
    }
  }

  @Test
  void rejects_plans_that_cannot_work() {
    try (TrainableRole a = Toy.role("a", manager);
        TrainableRole b = Toy.role("b", manager)) {
      Update onA = Update.always("u", "a", Toy.regression("a"));
      Update onC = Update.always("u", "c", Toy.regression("c"));
      assertThrows(
          IllegalArgumentException.class,
          () -> new TrainingPlan("toy", List.of(a, b), List.of(onA), 1, 1));
      assertThrows(
          IllegalArgumentException.class,
          () -> new TrainingPlan("toy", List.of(a), List.of(onA, onC), 1, 1));
      assertThrows(
          IllegalArgumentException.class,
          () -> new TrainingPlan("toy", List.of(a, a), List.of(onA), 1, 1));
    }
  }

  @Test
  void tensors_of_an_iteration_are_freed_with_it() {
    try (Scope scope = new Scope();
        TrainableRole role = Toy.role("net", manager)) {
      List<Integer> alive = new ArrayList<>();
      new Trainer(Toy.plan(role, 20), 1, manager)
          .run(0, (n, m) -> alive.add(manager.getManagedArrays().size()));
      assertEquals(alive.get(2), alive.get(19));
    }
  }

  @Test
  void blocks_are_computed_again_on_request() {
    List<Integer> runs = new ArrayList<>();
    List<float[]> trained = new ArrayList<>();
    for (boolean recompute : new boolean[] {false, true}) {
      try (TrainableRole role = Toy.role("net", manager)) {
        int[] count = {0};
        Update.Objective objective =
            it ->
                it.pass("net")
                    .block(
                        "net",
                        (p, in) -> {
                          count[0]++;
                          return new Toy().forward(p, in[0]);
                        },
                        it.gaussian("x", new Shape(8, 3)))
                    .square()
                    .mean();
        Update fit = Update.always("fit", "net", objective);
        TrainingPlan plan = new TrainingPlan("toy", List.of(role), List.of(fit), 3, 2);
        new Trainer(plan, 1, manager, recompute).run(0, (n, m) -> {});
        runs.add(count[0]);
        trained.add(Toy.flat(role).toFloatArray());
      }
    }
    assertEquals(List.of(6, 12), runs);
    assertArrayEquals(trained.get(0), trained.get(1));
  }
}
