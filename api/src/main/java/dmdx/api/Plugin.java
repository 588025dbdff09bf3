package dmdx.api;

import com.typesafe.config.Config;

/** What every plugin says of itself. Implementations need a public no-argument constructor. */
public interface Plugin {

  /**
   * The name by which configurations and checkpoints refer to the plugin: lower case, stable for
   * ever, unique among plugins of the same service.
   */
  String name();

  /** One line for {@code dmdx plugins}. */
  String description();

  /**
   * The plugin's default settings. They are read from {@code META-INF/dmdx/<kind>/<name>.conf} of
   * the plugin's own jar, where {@code kind} is {@link #kind()}; a plugin without that file has
   * none.
   */
  default Config defaults() {
    return Resource.config(getClass(), kind() + "/" + name() + ".conf");
  }

  /** The service this plugin belongs to, as the configuration spells it: {@code teacher}, … */
  String kind();
}
