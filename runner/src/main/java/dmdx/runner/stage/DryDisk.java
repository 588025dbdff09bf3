package dmdx.runner.stage;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.nn.dryrun.DryRun;
import dmdx.nn.weights.Storage;

/** Scratch files of a rehearsal: they take no memory, as the operating system can evict theirs. */
record DryDisk(DryRun run) implements Storage {
  @Override
  public Device device(Device computing) {
    return Device.cpu();
  }

  @Override
  public NDArray zeros(String name, long size, NDManager owner) {
    return run.elsewhere(owner, new Shape(size), DataType.FLOAT32);
  }

  @Override
  public void close() {
    // there is no file
  }
}
