package dmdx.runner.plugin;

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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
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
    Map<String, List<Entry>> names = byKind.getOrDefault(kind, new LinkedHashMap<>());
    List<Entry> entries = names.getOrDefault(name, List.of());
    if (entries.size() > 1) {
      throw new PluginException(conflict(kind, name, entries));
    }
    if (entries.isEmpty() || !type.isInstance(entries.get(0).plugin())) {
      throw new PluginException(
          "no %s plugin is named '%s'.%s Found: %s. Correct the name in the configuration, or add the plugin's jar to a plugin folder.%s"
              .formatted(
                  kind,
                  name,
                  Names.hint(name, names.keySet()),
                  Names.list(names.keySet()),
                  problems.isEmpty()
                      ? ""
                      : " %d plugin problem%s: run 'dmdx plugins'."
                          .formatted(problems.size(), problems.size() == 1 ? "" : "s")));
    }
    return type.cast(entries.get(0).plugin());
  }
}
