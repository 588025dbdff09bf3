package dmdx.nn.pipeline;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dmdx.api.Component;
import dmdx.api.network.Network;
import dmdx.api.network.Weights;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** The networks of a pipeline folder and their weights, which live until this is closed. */
public final class PipelineNetworks implements AutoCloseable {
  private final Map<String, Component> components = new LinkedHashMap<>();
  private final NDManager manager = NDManager.newBaseManager(Device.cpu());

  private PipelineNetworks() {}

  /**
   * A network whose weights are to be opened.
   *
   * @param component its folder
   * @param network the architecture
   * @param aliases the name a file may use instead, by the network's name
   * @param ignorable tensors that may be there although the network does not name them
   */
  public record Unopened(
      String component, Network network, Map<String, String> aliases, Predicate<String> ignorable) {

    /** A network whose file has its own names and no others. */
    public static Unopened of(String component, Network network) {
      return new Unopened(component, network, Map.of(), name -> false);
    }
  }

  /**
   * Opens weights.
   *
   * @param networks in the order of {@code model_index.json}
   * @throws dmdx.api.CheckpointException if weights are missing or do not fit; nothing stays open
   */
  public static PipelineNetworks open(PipelineFolder folder, List<Unopened> networks) {
    PipelineNetworks opened = new PipelineNetworks();
    try {
      for (Unopened network : networks) {
        opened.add(folder, network);
      }
      return opened;
    } catch (RuntimeException e) {
      opened.close();
      throw e;
    }
  }

  private void add(PipelineFolder folder, Unopened one) {
    Weights weights =
        folder.weights(one.component, one.network, one.aliases, one.ignorable, manager);
    components.put(one.component, new Component(one.component, one.network, weights));
  }

  /** By folder name, in the order they were opened. */
  public Map<String, Component> components() {
    return Collections.unmodifiableMap(components);
  }

  @Override
  public void close() {
    for (Component component : components.values()) {
      if (component.weights() instanceof AutoCloseable closeable) {
        closeQuietly(closeable);
      }
    }
    manager.close();
  }

  private static void closeQuietly(AutoCloseable weights) {
    try {
      weights.close();
    } catch (Exception e) {
      throw new IllegalStateException("weights cannot be closed", e);
    }
  }
}
