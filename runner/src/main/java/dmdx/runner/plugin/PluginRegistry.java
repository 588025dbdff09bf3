package dmdx.runner.plugin;

import ai.djl.engine.EngineException;
import dmdx.api.AdversarialLoss;
import dmdx.api.BackboneProvider;
import dmdx.api.DivergenceLossProvider;
import dmdx.api.HeadsProvider;
import dmdx.api.MetricProvider;
import dmdx.api.Parameterization;
import dmdx.api.Plugin;
import dmdx.api.TeacherProvider;
import dmdx.api.settings.Names;
import dmdx.api.settings.Settings;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.parity.ReferenceNetworkProvider;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The plugins of a process, by kind and name.
 *
 * <p>A name is written into configurations and checkpoints, so it never means whichever plugin was
 * found first: a name that two plugins claim is an error where it is looked up. Only a copy of a
 * bundled plugin in a plugin folder is ignored, with a note among the {@link #problems()}.
 */
public final class PluginRegistry {
  private static final Logger LOG = LoggerFactory.getLogger(PluginRegistry.class);

  private final Map<String, Map<String, List<Entry>>> byKind = new TreeMap<>();
  private final List<ReferenceNetworkProvider> referenceNetworks = new ArrayList<>();
  private final List<ReferenceCheck> referenceChecks = new ArrayList<>();
  private final List<String> problems;

  /**
   * A plugin and the module or plugin-folder entry it comes from.
   *
   * @param bundled whether it is part of the application
   */
  public record Entry(Plugin plugin, String source, boolean bundled) {}

  private PluginRegistry(Discovery discovery) {
    problems = new ArrayList<>(discovery.problems());
    for (Discovery.Found found : discovery.found()) {
      if (found.provider() instanceof ReferenceNetworkProvider network) {
        referenceNetworks.add(network);
      }
      if (found.provider() instanceof ReferenceCheck check) {
        referenceChecks.add(check);
      }
      if (found.provider() instanceof Plugin plugin) {
        add(new Entry(plugin, found.source(), found.bundled()));
      }
    }
    byKind.forEach(
        (kind, names) ->
            names.forEach(
                (name, entries) -> {
                  if (entries.size() > 1) {
                    problems.add(conflict(kind, name, entries));
                  }
                }));
  }

  /**
   * Searches the application and plugin folders.
   *
   * @param folders plugin folders; each exists
   */
  public static PluginRegistry discover(Collection<Path> folders) {
    Discovery discovery = new Discovery();
    discovery.searchApplication();
    folders.forEach(discovery::searchFolder);
    PluginRegistry registry = new PluginRegistry(discovery);
    LOG.debug("{} plugins, {} problems", registry.plugins().size(), registry.problems.size());
    return registry;
  }

  private void add(Entry entry) {
    List<Entry> same =
        byKind
            .computeIfAbsent(entry.plugin().kind(), k -> new TreeMap<>())
            .computeIfAbsent(entry.plugin().name(), k -> new ArrayList<>());
    if (!entry.bundled() && !same.isEmpty() && same.get(0).bundled()) {
      problems.add(
          "%s ignored: %s '%s' is already present (%s). Remove the jar."
              .formatted(
                  entry.source(),
                  entry.plugin().kind(),
                  entry.plugin().name(),
                  same.get(0).source()));
    } else {
      same.add(entry);
    }
  }

  private static String conflict(String kind, String name, List<Entry> entries) {
    String sources = String.join(" and ", entries.stream().map(Entry::source).toList());
    return "%s '%s' is claimed by %s, and neither is used. Remove one of them."
        .formatted(kind, name, sources);
  }

  public TeacherProvider teacher(String name) {
    return find(TeacherProvider.class, "teacher", name);
  }

  public BackboneProvider backbone(String name) {
    return find(BackboneProvider.class, "discriminator", name);
  }

  public HeadsProvider heads(String name) {
    return find(HeadsProvider.class, "heads", name);
  }

  public AdversarialLoss adversarial(String name) {
    return find(AdversarialLoss.class, "adversarial", name);
  }

  public DivergenceLossProvider divergence(String name) {
    return find(DivergenceLossProvider.class, "divergence", name);
  }

  public MetricProvider metric(String name) {
    return find(MetricProvider.class, "metric", name);
  }

  public Parameterization parameterization(String name) {
    return find(Parameterization.class, "parameterization", name);
  }

  /**
   * A plugin that a setting names, and the settings that are its own.
   *
   * @param own to read only if the whole configuration has no problem
   */
  public record Chosen(String name, Settings own) {}

  /**
   * Reads which plugin is chosen; that there is none of the name is noted with the other problems.
   *
   * @param s where the plugin is named
   * @param key the setting that names it
   */
  public Chosen choose(Settings s, String key, String kind) {
    String name = s.optionalText(key);
    List<Entry> entries = entries(kind, name == null ? "" : name);
    if (name != null && entries.size() == 1) {
      return new Chosen(name, own(s, entries.get(0).plugin()));
    }
    names(kind).forEach(s::ignore);
    if (name != null) {
      s.ignore(name);
      s.problem(
          key,
          "is '%s': %s"
              .formatted(
                  name, entries.isEmpty() ? missing(kind, name) : conflict(kind, name, entries)));
    } else if (!s.has(key)) {
      s.problem(
          key,
          "is missing. Set it to the name of a %s plugin: %s."
              .formatted(kind, Names.list(names(kind))));
    }
    return new Chosen("?", s);
  }

  /** What messages call a plugin: {@code divergence 'huber' (plugins/huber.jar)}. */
  public String title(String kind, String name) {
    List<Entry> entries = entries(kind, name);
    return "%s '%s'%s"
        .formatted(kind, name, entries.isEmpty() ? "" : " (" + entries.get(0).source() + ")");
  }

  /**
   * A failure in the code of a plugin that does not come with the application, as an error that
   * names the plugin. An {@link IllegalArgumentException} or {@link UncheckedIOException} is about
   * what the plugin was given; any other is a fault of its own. Failures elsewhere are returned as
   * they are, and so are those of this project's types and of the engine, which may be out of
   * memory.
   *
   * @param doing what failed, such as {@code stage adm}
   */
  public RuntimeException blamed(String doing, RuntimeException failure) {
    if (failure.getClass().getName().startsWith("dmdx.") || failure instanceof EngineException) {
      return failure;
    }
    for (StackTraceElement frame : failure.getStackTrace()) {
      List<Entry> owners = owners(frame);
      if (!owners.isEmpty()) {
        Plugin first = owners.get(0).plugin();
        String who =
            owners.size() == 1
                ? title(first.kind(), first.name())
                : "a plugin of " + owners.get(0).source();
        return new PluginException(
            isToldByMessage(failure)
                ? "%s: %s: %s".formatted(doing, who, failure.getMessage())
                : "%s: %s failed at %s: %s. The fault is the plugin's; --verbose shows the whole stack trace."
                    .formatted(doing, who, frame, failure),
            failure);
      }
    }
    return failure;
  }

  /** Subclasses, such as {@link NumberFormatException}, are written for programmers. */
  private static boolean isToldByMessage(RuntimeException failure) {
    return failure.getMessage() != null
        && (failure.getClass() == IllegalArgumentException.class
            || failure.getClass() == UncheckedIOException.class);
  }

  /**
   * The plugin whose class a frame is in, or all of the frame's module; none of the application.
   */
  private List<Entry> owners(StackTraceElement frame) {
    String type = frame.getClassName().split("\\$", 2)[0];
    List<Entry> module =
        plugins().stream()
            .filter(e -> !e.bundled())
            .filter(e -> e.plugin().getClass().getModule().isNamed())
            .filter(e -> e.plugin().getClass().getModule().getName().equals(frame.getModuleName()))
            .toList();
    List<Entry> exact =
        module.stream().filter(e -> e.plugin().getClass().getName().equals(type)).toList();
    return exact.isEmpty() ? module : exact;
  }

  /**
   * The settings of a chosen plugin, in the section of its name. Those of others of its kind may
   * stay in the file, unread, so that choosing another is one setting.
   *
   * @param s where the plugin is named
   */
  public Settings own(Settings s, Plugin chosen) {
    names(chosen.kind()).stream().filter(name -> !name.equals(chosen.name())).forEach(s::ignore);
    return s.plugin(chosen.name(), chosen.defaults());
  }

  /** Providers of networks that reference values can be compared with. */
  public List<ReferenceNetworkProvider> referenceNetworks() {
    return List.copyOf(referenceNetworks);
  }

  /** The names of a kind's plugins. */
  public List<String> names(String kind) {
    return List.copyOf(byKind.getOrDefault(kind, Map.of()).keySet());
  }

  /** What else can be compared with reference values. */
  public List<ReferenceCheck> referenceChecks() {
    return List.copyOf(referenceChecks);
  }

  /** All usable plugins, by kind and name. */
  public List<Entry> plugins() {
    return byKind.values().stream()
        .flatMap(names -> names.values().stream())
        .filter(entries -> entries.size() == 1)
        .flatMap(List::stream)
        .toList();
  }

  /** What could not be used and why, one sentence or two each. */
  public List<String> problems() {
    return List.copyOf(problems);
  }

  /**
   * @throws PluginException if there is no such plugin, or more than one
   */
  private <P extends Plugin> P find(Class<P> type, String kind, String name) {
    List<Entry> entries = entries(kind, name);
    if (entries.size() > 1) {
      throw new PluginException(conflict(kind, name, entries));
    }
    if (entries.isEmpty() || !type.isInstance(entries.get(0).plugin())) {
      throw new PluginException(missing(kind, name));
    }
    return type.cast(entries.get(0).plugin());
  }

  private List<Entry> entries(String kind, String name) {
    return byKind.getOrDefault(kind, Map.of()).getOrDefault(name, List.of());
  }

  private String missing(String kind, String name) {
    List<String> names = names(kind);
    return "no %s plugin is named '%s'.%s Found: %s. Correct the name in the configuration, or add the plugin's jar to a plugin folder.%s"
        .formatted(
            kind,
            name,
            Names.hint(name, names),
            Names.list(names),
            problems.isEmpty()
                ? ""
                : " %s: run 'dmdx plugins'."
                    .formatted(Names.count(problems.size(), "plugin problem")));
  }
}
