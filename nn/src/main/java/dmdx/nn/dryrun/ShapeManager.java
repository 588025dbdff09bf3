package dmdx.nn.dryrun;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;

/** Owns arrays without elements. */
final class ShapeManager extends BaseNDManager {
  private final DryRun run;

  ShapeManager(DryRun run, NDManager parent, Device device) {
    super(parent, device);
    this.run = run;
  }

  DryRun run() {
    return run;
  }

  @Override
  public NDArray create(Shape shape, DataType type) {
    return ShapeArray.allocated(this, shape, type);
  }

  @Override
  public NDArray zeros(Shape shape, DataType type) {
    return create(shape, type);
  }

  @Override
  public NDArray ones(Shape shape, DataType type) {
    return create(shape, type);
  }

  @Override
  public NDArray full(Shape shape, float value, DataType type) {
    return create(shape, type);
  }

  @Override
  public NDArray from(NDArray array) {
    return create(array.getShape(), array.getDataType());
  }

  @Override
  public ByteBuffer allocateDirect(int capacity) {
    return ByteBuffer.allocateDirect(capacity);
  }

  @Override
  public NDManager newSubManager(Device where) {
    ShapeManager child = new ShapeManager(run, this, where);
    attachUncappedInternal(child.uid, child);
    return child;
  }

  @Override
  public Engine getEngine() {
    return Engine.getInstance();
  }
}
