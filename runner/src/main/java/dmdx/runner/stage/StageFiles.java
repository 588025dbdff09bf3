package dmdx.runner.stage;

/**
 * What a stage writes to disk, in bytes.
 *
 * @param scratch scratch files, gone with the stage
 * @param kept what it leaves in the run's folder: checkpoints and students, or pairs
 * @param aside what is in the run's folder besides for a while: what is complete before it replaces
 *     an older one
 */
public record StageFiles(long scratch, long kept, long aside) {}
