package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.nn.torch.Ops;
import dmdx.nn.torch.Prefetch;
import dmdx.nn.torch.ScratchFile;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** A file per name, kept for the next tensor of that name. */
final class DiskStorage implements Storage {
  private final Path folder;
  private final Map<String, ScratchFile> files = new HashMap<>();

  DiskStorage(Path folder) {
    this.folder = folder;
  }

  @Override
  public Device device(Device computing) {
    return Device.cpu();
  }

  @Override
  public NDArray zeros(String name, long size, NDManager owner) {
    ScratchFile known = files.get(name);
    if (known == null) {
      ScratchFile fresh = ScratchFile.create(folder, Math.max(1, size * Float.BYTES));
      files.put(name, fresh);
      return fresh.tensor(owner, size);
    }
    NDArray tensor = known.tensor(owner, size);
    if (!known.clear()) {
      Ops.zero(tensor);
    }
    return tensor;
  }

  @Override
  public void expect(NDArray part, Prefetch.Use use) {
    files.values().forEach(file -> file.prefetch(part, use));
  }

  @Override
  public void close() {
    files.values().forEach(ScratchFile::close);
    files.clear();
  }
}
