package dmdx.nn.weights;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import com.fasterxml.jackson.databind.JsonNode;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Weights;
import dmdx.nn.weights.SafetensorsFile.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The frozen weights of one component of a checkpoint, in one safetensors file or in shards.
 *
 * <p>Names and shapes are checked against the network when it is opened. A tensor is read when it
 * is first asked for, and stays until this is closed: as float32 on the device it was opened for,
 * or in the type and on the device of {@link #in}. Where the file has that type, large tensors are
 * the mapped file itself, which takes no memory of its own and must stay as it is.
 */
public final class CheckpointWeights implements StoredWeights, AutoCloseable {
  private final Path folder;
  private final NDManager manager;
  private final Map<String, SafetensorsFile> located;
  private final Map<String, String> aliases;
  private final Set<String> names = new LinkedHashSet<>();
  private final Map<DataType, Map<Device, Loaded>> loaded = new EnumMap<>(DataType.class);

  private CheckpointWeights(
      Path folder,
      List<SafetensorsFile> files,
      Map<String, SafetensorsFile> located,
      Map<String, String> aliases,
      Network network,
      NDManager parent) {
    this.folder = folder;
    this.aliases = aliases;
    this.located = located;
    network.parameters().forEach(p -> names.add(p.name()));
    manager = parent.newSubManager();
    for (SafetensorsFile file : files) {
      manager.attachInternal(file.path().toString(), file);
    }
  }

  /**
   * Opens the weights of a component folder.
   *
   * <p>Tried in this order: {@code <stem>[.<variant>].safetensors}, then the index of a sharded
   * checkpoint, {@code <stem>.safetensors.index[.<variant>].json} or {@code
   * <stem>[.<variant>].safetensors.index.json}.
   *
   * @param folder the component's folder
   * @param stem {@code diffusion_pytorch_model} or {@code model}
   * @param variant for instance {@code fp16}; {@code null} for the plain files
   * @param network says which tensors must be there
   * @param ignorable tensors that may be there although the network does not name them
   * @param manager parent of the memory the weights live in; its device is theirs, and they are
   *     closed with it
   * @throws CheckpointException with every missing, unexpected and wrongly shaped tensor
   */
  public static CheckpointWeights open(
      Path folder,
      String stem,
      @Nullable String variant,
      Network network,
      Predicate<String> ignorable,
      NDManager manager) {
    return open(folder, stem, variant, network, Map.of(), ignorable, manager);
  }

  /**
   * Opens the weights of a component folder whose files may be older than the network's names.
   *
   * @param aliases the name a file may use instead, by the network's name
   * @see #open(Path, String, String, Network, Predicate, NDManager)
   */
  public static CheckpointWeights open(
      Path folder,
      String stem,
      @Nullable String variant,
      Network network,
      Map<String, String> aliases,
      Predicate<String> ignorable,
      NDManager manager) {
    List<SafetensorsFile> files = new ArrayList<>();
    try {
      Map<String, SafetensorsFile> located = locate(folder, stem, variant, files);
      Map<String, String> used = new HashMap<>(aliases);
      used.keySet().removeIf(located::containsKey);
      used.values().retainAll(located.keySet());
      requireMatch(folder, located, network, used, ignorable);
      CheckpointWeights weights =
          new CheckpointWeights(folder, List.copyOf(files), located, used, network, manager);
      files.clear();
      return weights;
    } finally {
      files.forEach(SafetensorsFile::close);
    }
  }

  private static Map<String, SafetensorsFile> locate(
      Path folder, String stem, @Nullable String variant, List<SafetensorsFile> files) {
    String dotted = variant == null ? "" : "." + variant;
    Path single = folder.resolve(stem + dotted + ".safetensors");
    if (Files.isRegularFile(single)) {
      SafetensorsFile file = SafetensorsFile.open(single);
      files.add(file);
      Map<String, SafetensorsFile> located = new LinkedHashMap<>();
      file.entries().keySet().forEach(name -> located.put(name, file));
      return located;
    }
    Path index = folder.resolve(stem + ".safetensors.index" + dotted + ".json");
    Path otherIndex = folder.resolve(stem + dotted + ".safetensors.index.json");
    if (Files.isRegularFile(index)) {
      return shards(index, files);
    }
    if (Files.isRegularFile(otherIndex)) {
      return shards(otherIndex, files);
    }
    throw new CheckpointException(
        "%s: there is no %s and no %s; safetensors files there: %s. Check folder and variant."
            .formatted(folder, single.getFileName(), index.getFileName(), present(folder)));
  }

  private static String present(Path folder) {
    try (Stream<Path> children = Files.list(folder)) {
      List<String> names =
          children
              .map(path -> path.getFileName().toString())
              .filter(name -> name.contains(".safetensors"))
              .sorted()
              .limit(8)
              .toList();
      return names.isEmpty() ? "none" : String.join(", ", names);
    } catch (IOException e) {
      return "the folder cannot be read";
    }
  }

  private static Map<String, SafetensorsFile> shards(Path index, List<SafetensorsFile> files) {
    Path folder = index.toAbsolutePath().getParent();
    JsonNode map = ModelConfig.read(index).json().path("weight_map");
    if (folder == null || !map.isObject()) {
      throw new CheckpointException(index + ": 'weight_map' is missing or not an object");
    }
    Map<String, SafetensorsFile> opened = new HashMap<>();
    Map<String, SafetensorsFile> located = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    for (Map.Entry<String, JsonNode> property : map.properties()) {
      String shard = property.getValue().asText();
      if (!property.getValue().isTextual() || !isPlainName(shard)) {
        throw new CheckpointException(
            "%s: weight '%s' is in %s, expected the name of a file in the same folder"
                .formatted(index, property.getKey(), property.getValue()));
      }
      SafetensorsFile file = opened.get(shard);
      if (file == null) {
        file = SafetensorsFile.open(folder.resolve(shard));
        files.add(file);
        opened.put(shard, file);
      }
      located.put(property.getKey(), file);
      if (!file.entries().containsKey(property.getKey())) {
        problems.add("'%s' is not in %s".formatted(property.getKey(), shard));
      }
    }
    for (SafetensorsFile file : files) {
      for (String name : file.entries().keySet()) {
        if (located.get(name) != file) {
          problems.add("'%s' in %s is not listed there".formatted(name, file.path().getFileName()));
        }
      }
    }
    requireNone(index.toString(), "does not fit its shards", problems);
    return located;
  }

  private static boolean isPlainName(String name) {
    return !name.isEmpty()
        && !name.equals(".")
        && !name.equals("..")
        && name.indexOf('/') < 0
        && name.indexOf('\\') < 0
        && name.indexOf('\0') < 0;
  }

  private static void requireMatch(
      Path folder,
      Map<String, SafetensorsFile> located,
      Network network,
      Map<String, String> aliases,
      Predicate<String> ignorable) {
    List<String> problems = new ArrayList<>();
    Set<String> expected = new LinkedHashSet<>();
    for (ParameterSpec parameter : network.parameters()) {
      String stored = aliases.getOrDefault(parameter.name(), parameter.name());
      expected.add(stored);
      SafetensorsFile file = located.get(stored);
      if (file == null) {
        problems.add(
            "'%s' %s is missing".formatted(parameter.name(), shown(parameter.shape().getShape())));
        continue;
      }
      Entry entry = file.entries().get(stored);
      if (entry == null || !entry.shape().equals(parameter.shape())) {
        problems.add(
            "'%s' in %s is %s, expected %s"
                .formatted(
                    stored,
                    file.path().getFileName(),
                    entry == null ? "missing" : shown(entry.shape().getShape()),
                    shown(parameter.shape().getShape())));
      } else if (!entry.dtype().isFloat()) {
        problems.add(
            "'%s' in %s has type %s, expected floating-point numbers"
                .formatted(stored, file.path().getFileName(), entry.dtype()));
      }
    }
    located.forEach(
        (name, file) -> {
          if (!expected.contains(name) && !ignorable.test(name)) {
            problems.add(
                "'%s' in %s is unknown to the network".formatted(name, file.path().getFileName()));
          }
        });
    requireNone(folder.toString(), "weights and config.json do not belong together", problems);
  }

  private static String shown(long[] shape) {
    return java.util.Arrays.toString(shape);
  }

  private static void requireNone(String where, String what, List<String> problems) {
    if (!problems.isEmpty()) {
      throw CheckpointException.listing(where, what, "Use files saved together.", problems);
    }
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(names);
  }

  @Override
  public NDArray get(String name) {
    return in(DataType.FLOAT32, manager.getDevice()).get(name);
  }

  @Override
  public synchronized Weights in(DataType type, Device device) {
    return loaded
        .computeIfAbsent(type, t -> new HashMap<>())
        .computeIfAbsent(device, d -> new Loaded(type, manager.newSubManager(d)));
  }

  /** The weights read so far in one type on one device. */
  private final class Loaded implements Weights {
    private final DataType type;
    private final NDManager owner;
    private final Map<String, NDArray> tensors = new HashMap<>();
    private final Upcoming upcoming;

    Loaded(DataType type, NDManager owner) {
      this.type = type;
      this.owner = owner;
      Map<String, Long> bytes = new LinkedHashMap<>();
      names.forEach(name -> bytes.put(name, entry(name).shape().size() * type.getNumOfBytes()));
      upcoming = new Upcoming(bytes, this::bring);
    }

    private void bring(String name) {
      file(name).expect(stored(name), type, owner.getDevice());
    }

    @Override
    public Set<String> names() {
      return CheckpointWeights.this.names();
    }

    @Override
    public synchronized NDArray get(String name) {
      NDArray tensor = tensors.get(name);
      if (tensor == null) {
        tensor = file(name).lend(stored(name), type, owner);
        NDScope.unregister(tensor);
        tensors.put(name, tensor);
      }
      upcoming.asked(name);
      return tensor;
    }

    @Override
    public synchronized void expect(Collection<String> names) {
      upcoming.expect(names);
    }

    synchronized long bytes() {
      return type.getNumOfBytes() * tensors.values().stream().mapToLong(NDArray::size).sum();
    }
  }

  /** Bytes of the tensors read so far, of mapped ones too. */
  synchronized long bytes() {
    return loaded.values().stream()
        .flatMap(onDevices -> onDevices.values().stream())
        .mapToLong(Loaded::bytes)
        .sum();
  }

  @Override
  public void copy(String name, NDArray target) {
    file(name).copy(stored(name), target);
  }

  /** The name that the files use. */
  private String stored(String name) {
    return aliases.getOrDefault(name, name);
  }

  private Entry entry(String name) {
    return Objects.requireNonNull(file(name).entries().get(stored(name)));
  }

  private SafetensorsFile file(String name) {
    SafetensorsFile file = located.get(stored(name));
    if (file == null || !names.contains(name)) {
      throw new CheckpointException("%s: there is no weight '%s'".formatted(folder, name));
    }
    return file;
  }

  /** Frees the tensors and closes the files, as the end of the manager it was opened with does. */
  @Override
  public void close() {
    manager.close();
  }
}
