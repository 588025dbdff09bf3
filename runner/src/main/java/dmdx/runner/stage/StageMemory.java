package dmdx.runner.stage;

/**
 * What a stage is predicted to need at its most demanding moment, in bytes of the memory of the
 * device that computes; and what it writes to disk.
 *
 * @param stage stage name
 * @param frozen weights that are not trained, each counted once, and conditionings kept
 * @param trained weights that are trained, and their running means
 * @param optimizer moments
 * @param gradients of the weights that are trained, where most at once
 * @param activations everything else that is computed: hidden states, samples, pictures
 * @param process what is there before any tensor: the Java virtual machine and libtorch, on a GPU
 *     CUDA's context
 * @param host bytes of the host's memory, if that is another
 * @param files on disk
 */
public record StageMemory(
    String stage,
    long frozen,
    long trained,
    long optimizer,
    long gradients,
    long activations,
    long process,
    long host,
    StageFiles files) {

  /** Of a stage whose memory is not known. */
  static StageMemory of(String stage, StageFiles files) {
    return new StageMemory(stage, 0, 0, 0, 0, 0, 0, 0, files);
  }

  /** Of the device. */
  public long total() {
    return frozen + trained + optimizer + gradients + activations + process;
  }
}
