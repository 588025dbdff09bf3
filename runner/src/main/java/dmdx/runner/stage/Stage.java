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

  /** Runs the stage to its end, going on from its newest checkpoint if there is one. */
  void run();
}
