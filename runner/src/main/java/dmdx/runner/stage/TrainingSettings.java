package dmdx.runner.stage;

import dmdx.api.settings.Settings;

/**
 * What all training stages have in common.
 *
 * @param iterations length of the stage
 * @param batch samples per step
 * @param microBatch samples per forward pass; divides {@code batch}, which limits it
 * @param logEvery iterations between lines of {@code metrics.jsonl}
 * @param sampleEvery iterations between sample grids; 0 for none
 * @param checkpointEvery iterations between checkpoints
 * @param checkpointsKept how many of the newest checkpoints stay on disk
 */
record TrainingSettings(
    int iterations,
    int batch,
    int microBatch,
    int logEvery,
    int sampleEvery,
    int checkpointEvery,
    int checkpointsKept) {

  static TrainingSettings from(Settings s) {
    int max = Integer.MAX_VALUE;
    int batch = s.integer("batch", 1, max);
    int micro = s.has("micro-batch") ? Math.min(batch, s.integer("micro-batch", 1, max)) : batch;
    if (batch % micro != 0 && !s.hasProblems()) {
      s.problem(
          "micro-batch", "is %d, which does not divide 'batch' = %d.".formatted(micro, batch));
    }
    return new TrainingSettings(
        s.integer("iterations", 1, max),
        batch,
        micro,
        s.integer("log-every", 1, max),
        s.integer("sample-every", 0, max),
        s.integer("checkpoint-every", 1, max),
        s.integer("checkpoints-kept", 1, max));
  }

  int microBatches() {
    return batch / microBatch;
  }
}
