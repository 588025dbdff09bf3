package dmdx.api.network;

/** One pass per component, for what spans several networks. */
@FunctionalInterface
public interface Passes {

  /**
   * @param component folder name of the component in the checkpoint
   */
  Pass of(String component);
}
