package dmdx.nn.contract;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What makes plugins found on the module path and on the class path alike. */
public final class ServiceContract {
  private ServiceContract() {}

  /**
   * Whatever {@code module-info.java} provides is listed in {@code META-INF/services}, in any
   * order.
   *
   * @param module the plugin's
   * @param services those it must provide
   */
  public static List<String> problems(Module module, Class<?>... services) {
    Findings findings = new Findings();
    ModuleDescriptor descriptor = module.getDescriptor();
    if (descriptor == null) {
      findings.add("%s: has no module-info.java".formatted(module));
      return findings.list();
    }
    Set<String> missing = new HashSet<>();
    for (Class<?> service : services) {
      missing.add(service.getName());
    }
    for (ModuleDescriptor.Provides provided : descriptor.provides()) {
      missing.remove(provided.service());
      String file = "META-INF/services/" + provided.service();
      findings.part(
          file,
          () -> {
            Set<String> listed = listed(module, file);
            findings.require(
                listed.equals(Set.copyOf(provided.providers())),
                "%s: lists %s, module-info.java provides %s",
                file,
                listed,
                provided.providers());
          });
    }
    findings.require(missing.isEmpty(), "module-info.java: does not provide %s", missing);
    return findings.list();
  }

  private static Set<String> listed(Module module, String file) {
    try (@Nullable InputStream in = module.getResourceAsStream(file)) {
      String text = in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return text.lines()
          .map(line -> line.replaceFirst("#.*", "").strip())
          .filter(line -> !line.isEmpty())
          .collect(Collectors.toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
