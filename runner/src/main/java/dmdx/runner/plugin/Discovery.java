package dmdx.runner.plugin;

import dmdx.api.AdversarialLoss;
import dmdx.api.BackboneProvider;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.HeadsProvider;
import dmdx.api.MetricProvider;
import dmdx.api.Parameterization;
import dmdx.api.Plugin;
import dmdx.api.TeacherProvider;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.parity.ReferenceNetworkProvider;
import java.io.IOException;
import java.lang.module.Configuration;
import java.lang.module.FindException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.lang.module.ResolutionException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds providers, and says of every entry that gives none why. */
final class Discovery {
  private static final List<Class<?>> SERVICES =
      List.of(
          TeacherProvider.class,
          BackboneProvider.class,
          HeadsProvider.class,
          AdversarialLoss.class,
          DivergenceLossProvider.class,
          MetricProvider.class,
          Parameterization.class,
          ReferenceNetworkProvider.class,
          ReferenceCheck.class);

  /** A broken registration may make a loader fail again and again. */
  private static final int MOST_FAILURES = 100;

  private static final Pattern PROVIDER =
      Pattern.compile(".*Provider (\\S+) could not be instantiated.*", Pattern.DOTALL);

  private final List<Found> found = new ArrayList<>();
  private final Set<String> problems = new LinkedHashSet<>();

  /**
   * @param provider an instance of one of the services
   * @param source the module, or the entry of a plugin folder, that it comes from
   * @param bundled whether it is part of the application
   */
  record Found(Object provider, String source, boolean bundled) {}

  List<Found> found() {
    return found;
  }

  List<String> problems() {
    return List.copyOf(problems);
  }

  /** The application's own modules, or its class path. */
  void searchApplication() {
    for (Class<?> service : SERVICES) {
      for (Object provider : load(ServiceLoader.load(service, loader()), null, problems)) {
        Module module = provider.getClass().getModule();
        found.add(new Found(provider, module.isNamed() ? module.getName() : "class path", true));
      }
    }
  }

  private static ClassLoader loader() {
    return Discovery.class.getClassLoader();
  }

  /** Every entry of a plugin folder. */
  void searchFolder(Path folder) {
    ModuleLayer parent = Discovery.class.getModule().getLayer();
    try (Stream<Path> entries = Files.list(folder)) {
      for (Path entry : entries.filter(Discovery::isEntry).sorted().toList()) {
        if (parent == null) {
          skipped(entry, "plugin folders need the application on the module path");
        } else {
          searchEntry(entry, parent);
        }
      }
    } catch (IOException e) {
      problems.add("%s: cannot be read (%s).".formatted(folder, e));
    }
  }

  private static boolean isEntry(Path path) {
    return Files.isDirectory(path) || path.toString().endsWith(".jar");
  }

  private void searchEntry(Path entry, ModuleLayer parent) {
    Map<String, ModuleDescriptor> modules = new TreeMap<>();
    try {
      ModuleFinder finder = ModuleFinder.of(entry);
      for (ModuleReference module : finder.findAll()) {
        if (module.descriptor().provides().stream().anyMatch(Discovery::isOurs)) {
          modules.put(module.descriptor().name(), module.descriptor());
        }
      }
      if (modules.isEmpty()) {
        skipped(
            entry,
            "no module in it provides a dmdx service. Expected 'provides' in module-info.java, or"
                + " META-INF/services");
        return;
      }
      for (String name : List.copyOf(modules.keySet())) {
        if (parent.findModule(name).isPresent()) {
          problems.add(
              "%s ignored: module %s is already present in the application. Remove the jar."
                  .formatted(entry, name));
          modules.remove(name);
        }
      }
      if (!modules.isEmpty()) {
        Configuration configuration =
            parent.configuration().resolve(ModuleFinder.of(), finder, modules.keySet());
        ModuleLayer layer =
            ModuleLayer.defineModulesWithOneLoader(configuration, List.of(parent), loader())
                .layer();
        searchLayer(entry, layer, modules);
      }
    } catch (FindException | ResolutionException | LayerInstantiationException | LinkageError e) {
      skipped(entry, cause(e) + versions(modules));
    }
  }

  private void searchLayer(Path entry, ModuleLayer layer, Map<String, ModuleDescriptor> modules) {
    Set<String> causes = new LinkedHashSet<>();
    int before = found.size();
    for (Class<?> service : SERVICES) {
      for (Object provider : load(ServiceLoader.load(layer, service), layer, causes)) {
        found.add(new Found(provider, entry.toString(), false));
      }
    }
    causes.removeAll(problems);
    if (found.size() == before && causes.isEmpty()) {
      causes.add("none of its providers could be loaded");
    }
    for (String cause : causes) {
      String what = found.size() == before ? "skipped" : "used in part";
      problems.add("%s %s: %s%s.".formatted(entry, what, cause, versions(modules)));
    }
  }

  /**
   * The working providers that {@code layer} itself adds, or all if it is null. A provider may hide
   * behind a static method, so its layer is that of the instance.
   */
  private static List<Object> load(
      ServiceLoader<?> loader, @Nullable ModuleLayer layer, Set<String> causes) {
    List<Object> providers = new ArrayList<>();
    Iterator<?> iterator = loader.iterator();
    for (int failures = 0; failures < MOST_FAILURES; ) {
      try {
        if (!iterator.hasNext()) {
          break;
        }
        Object provider = iterator.next();
        if (layer == null || layer.equals(provider.getClass().getModule().getLayer())) {
          probe(provider);
          providers.add(provider);
        }
      } catch (ServiceConfigurationError | LinkageError e) {
        failures++;
        causes.add(cause(e));
      }
    }
    return providers;
  }

  /**
   * Makes a provider built for another version of the interfaces fail now, not during a run.
   *
   * @throws LinkageError if it lacks a method
   */
  private static void probe(Object provider) {
    for (Class<?> service : SERVICES) {
      if (service.isInstance(provider)) {
        for (Method method : service.getMethods()) {
          if (Modifier.isAbstract(method.getModifiers()) && !implemented(provider, method)) {
            throw new AbstractMethodError(
                "%s lacks %s.%s"
                    .formatted(
                        provider.getClass().getName(), service.getSimpleName(), method.getName()));
          }
        }
      }
    }
    if (provider instanceof Plugin plugin) {
      try {
        if (plugin.name().isBlank() || plugin.kind().isBlank() || plugin.description().isBlank()) {
          throw new ServiceConfigurationError(
              plugin.getClass().getName() + " has an empty name, kind or description");
        }
      } catch (RuntimeException e) {
        throw new ServiceConfigurationError(
            plugin.getClass().getName() + " fails to say its name (" + e + ")", e);
      }
    }
  }

  private static boolean implemented(Object provider, Method method) {
    try {
      Method own = provider.getClass().getMethod(method.getName(), method.getParameterTypes());
      return !Modifier.isAbstract(own.getModifiers());
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  private static boolean isOurs(ModuleDescriptor.Provides provides) {
    return SERVICES.stream().anyMatch(s -> s.getName().equals(provides.service()));
  }

  private void skipped(Path entry, String why) {
    problems.add("%s skipped: %s.".formatted(entry, why));
  }

  /** {@code " (built for dmdx.api 0.9, running 1.2)"} where these differ. */
  private static String versions(Map<String, ModuleDescriptor> modules) {
    Module api = Plugin.class.getModule();
    String running =
        Optional.ofNullable(api.getDescriptor()).flatMap(ModuleDescriptor::rawVersion).orElse("");
    for (ModuleDescriptor module : modules.values()) {
      for (ModuleDescriptor.Requires requires : module.requires()) {
        String built = requires.rawCompiledVersion().orElse(running);
        if (requires.name().equals(api.getName()) && !built.equals(running)) {
          return ". It was built for %s %s, running is %s; use a plugin built for %s"
              .formatted(api.getName(), built, running, running);
        }
      }
    }
    return "";
  }

  /** {@code "acme.Loss: "} where the class that could not be made is known. */
  private static String provider(Throwable problem) {
    Matcher named = PROVIDER.matcher(String.valueOf(problem.getMessage()));
    if (problem.getCause() != null && named.matches()) {
      return named.group(1) + ": ";
    }
    for (Throwable cause = problem; cause != null; cause = cause.getCause()) {
      for (StackTraceElement frame : cause.getStackTrace()) {
        if (frame.getMethodName().equals("<clinit>")) {
          return frame.getClassName() + ": ";
        }
      }
    }
    return "";
  }

  /** What went wrong at the bottom of it, in one line without a final full stop. */
  private static String cause(Throwable problem) {
    Throwable root = problem;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String text = root.getMessage();
    String name = root.getClass().getSimpleName();
    boolean speaksForItself =
        root instanceof ServiceConfigurationError
            || root instanceof FindException
            || root instanceof ResolutionException;
    String line = text == null ? name : speaksForItself ? text : name + ": " + text;
    line = provider(problem) + line.lines().findFirst().orElse(name).strip();
    return line.endsWith(".") ? line.substring(0, line.length() - 1) : line;
  }
}
