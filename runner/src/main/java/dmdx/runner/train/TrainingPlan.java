package dmdx.runner.train;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What a stage trains, as data.
 *
 * @param stage stage name; part of every random seed
 * @param roles what is trained
 * @param updates the steps of one iteration, in order
 * @param iterations length of the stage
 * @param microBatches how many micro-batches' gradients make one step
 */
public record TrainingPlan(
    String stage,
    List<TrainableRole> roles,
    List<Update> updates,
    long iterations,
    int microBatches) {

  private static final String LOSS = "loss/";
  private static final String GRADIENT_NORM = "gradient-norm/";

  public TrainingPlan {
    roles = List.copyOf(roles);
    updates = List.copyOf(updates);
    Set<String> names = new HashSet<>();
    for (TrainableRole role : roles) {
      if (!names.add(role.name())) {
        throw new IllegalArgumentException(
            "stage '%s' has two roles '%s'".formatted(stage, role.name()));
      }
    }
    Set<String> updated = new HashSet<>();
    for (Update update : updates) {
      updated.addAll(update.roles());
      if (!names.containsAll(update.roles())) {
        throw new IllegalArgumentException(
            "stage '%s': update '%s' changes %s, but the roles are %s"
                .formatted(stage, update.name(), update.roles(), names));
      }
    }
    if (!updated.equals(names)) {
      names.removeAll(updated);
      throw new IllegalArgumentException("stage '%s': nothing updates %s".formatted(stage, names));
    }
  }

  /** The metric of an update's loss. */
  static String loss(Update update) {
    return LOSS + update.name();
  }

  /** The metric of the norm of a role's gradient. */
  static String gradientNorm(TrainableRole role) {
    return GRADIENT_NORM + role.name();
  }

  /** The metrics that {@link Trainer} logs of this plan, whatever objectives log. */
  public Set<String> metrics() {
    Set<String> names = new TreeSet<>();
    updates.forEach(update -> names.add(loss(update)));
    roles.forEach(role -> names.add(gradientNorm(role)));
    return names;
  }

  /** Whether only {@link #metrics} can be named so. */
  public static boolean isOfPlan(String metric) {
    return metric.startsWith(LOSS) || metric.startsWith(GRADIENT_NORM);
  }

  /** Iterations that between them show every update at work beside all others due with it. */
  public SortedSet<Long> busiest() {
    SortedSet<Long> numbers = new TreeSet<>();
    for (Update update : updates) {
      long first = (update.from() + update.every() - 1) / update.every() * update.every();
      if (first < update.until() && first < iterations) {
        numbers.add(first);
      }
    }
    return numbers;
  }

  TrainableRole role(String name) {
    return roles.stream()
        .filter(role -> role.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "stage '%s' trains no role '%s'".formatted(stage, name)));
  }
}
