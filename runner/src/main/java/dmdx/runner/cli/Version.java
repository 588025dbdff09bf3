package dmdx.runner.cli;

import java.lang.module.ModuleDescriptor;
import java.util.Optional;
import picocli.CommandLine.IVersionProvider;

/** Versions as {@code dmdx --version} prints them. */
final class Version implements IVersionProvider {

  Version() {}

  @Override
  public String[] getVersion() {
    String own =
        Optional.ofNullable(Version.class.getModule().getDescriptor())
            .flatMap(ModuleDescriptor::rawVersion)
            .orElse("development");
    return new String[] {"dmdx " + own, "Java " + Runtime.version()};
  }
}
