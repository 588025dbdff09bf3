package dmdx.api;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import java.net.URL;

/** Configuration files inside a plugin's jar. */
final class Resource {
  private Resource() {}

  /** The unresolved file {@code META-INF/dmdx/<path>} of the jar of {@code owner}, or nothing. */
  static Config config(Class<?> owner, String path) {
    URL url = owner.getClassLoader().getResource("META-INF/dmdx/" + path);
    return url == null
        ? ConfigFactory.empty()
        : ConfigFactory.parseURL(url, ConfigParseOptions.defaults().setAllowMissing(false));
  }
}
