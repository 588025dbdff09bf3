package dmdx.runner.stage;

/** One stage of a run. */
interface Stage {

  String name();

  /** What the stage will use and do, without loading weights. */
  StageOutline outline();

  /**
   * In a run that is a rehearsal: does what needs most memory, once, and writes nothing.
   *
   * @see RunContext#rehearsal
   */
  void rehearse();

  /**
   * Whether {@link #run} has nothing left to compute: by default, if the stage has left a student.
   */
  default boolean isDone(RunContext run) {
    return StudentFiles.exists(run.folder(name()).resolve(RunContext.STUDENT));
  }

  /** Runs the stage to its end, going on from its newest checkpoint if there is one. */
  void run();
}
