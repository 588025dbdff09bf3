package dmdx.runner.stage;

import dmdx.runner.train.Trainer;
import dmdx.runner.train.TrainingPlan;

/** What is done with a training plan in a run that only finds something out and writes nothing. */
@FunctionalInterface
interface Trial {

  /** Iterations that between them show every update at work. */
  static void busiest(TrainingPlan plan, Trainer trainer) {
    plan.busiest().forEach(trainer::iterate);
  }

  void train(TrainingPlan plan, Trainer trainer);
}
