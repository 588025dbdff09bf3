package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Weights;
import dmdx.nn.dryrun.DryRun;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Frozen weights without elements. Each takes memory of its device from its first use on. */
public final class DryWeights implements StoredWeights {
  private final NDManager manager;
  private final Map<String, Shape> shapes;
  private final DataType type;
  private final Map<List<Object>, DryWeights> converted;
  private final Map<String, NDArray> loaded = new HashMap<>();

  /** All of a network's, in float32, in the memory of a dry run's host. */
  public static DryWeights of(Network network, DryRun run) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (ParameterSpec parameter : network.parameters()) {
      shapes.put(parameter.name(), parameter.shape());
    }
    NDManager host = run.manager().newSubManager(Device.cpu());
    DryWeights weights = new DryWeights(host, shapes, DataType.FLOAT32, new HashMap<>());
    weights.converted.put(List.of(DataType.FLOAT32, Device.cpu()), weights);
    return weights;
  }

  private DryWeights(
      NDManager manager,
      Map<String, Shape> shapes,
      DataType type,
      Map<List<Object>, DryWeights> converted) {
    this.manager = manager;
    this.shapes = shapes;
    this.type = type;
    this.converted = converted;
  }

  @Override
  public Weights in(DataType other, Device device) {
    return converted.computeIfAbsent(
        List.of(other, device),
        key -> new DryWeights(manager.newSubManager(device), shapes, other, converted));
  }

  @Override
  public Set<String> names() {
    return shapes.keySet();
  }

  private Shape shape(String name) {
    Shape shape = shapes.get(name);
    if (shape == null) {
      throw new CheckpointException("there is no weight '" + name + "'");
    }
    return shape;
  }

  @Override
  public void copy(String name, NDArray target) {
    if (!shape(name).equals(target.getShape())) {
      throw new IllegalArgumentException(
          "'%s' is %s, expected %s".formatted(name, shape(name), target.getShape()));
    }
  }

  @Override
  public NDArray get(String name) {
    Shape shape = shape(name);
    return loaded.computeIfAbsent(
        name,
        n -> {
          NDArray weight = manager.create(shape, type);
          NDScope.unregister(weight);
          return weight;
        });
  }
}
