package dmdx.runner.plugin;

/** A plugin cannot be had under a name. The message says which ones can. */
public final class PluginException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public PluginException(String message) {
    super(message);
  }
}
