package dmdx.runner.stage;

/** Told of the stages of a run, in the order they are run. */
public interface StageWatch {
  /** Does nothing. */
  StageWatch NONE =
      new StageWatch() {
        @Override
        public void begins(String stage) {}

        @Override
        public void ended(String stage) {}
      };

  /**
   * Before a stage looks for what is done of it; the run's folder is there and holds this run's
   * configuration. What is thrown ends the run.
   */
  void begins(String stage);

  /** After a stage has come to its end, or has found all of it done. */
  void ended(String stage);
}
