package dmdx.nn.lora;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.network.Network;
import dmdx.api.network.ParameterSpec;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Ops;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.SafetensorsFile;
import dmdx.nn.weights.SafetensorsFile.Entry;
import dmdx.nn.weights.SafetensorsWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * LoRA files. They are read under all names in use (PEFT, its own files too, the training scripts'
 * new and old ones, kohya) and written under those of PEFT:
 *
 * <pre>
 * &lt;component&gt;.&lt;module&gt;.lora_A.weight    [r, in]
 * &lt;component&gt;.&lt;module&gt;.lora_B.weight    [out, r]
 * </pre>
 *
 * The scale {@code alpha / r} of a module follows from its alpha tensor, as kohya files have it;
 * else from the file's metadata, as newer PEFT files have it; else, in PEFT's own files, from the
 * {@value LoraMetadata#SIBLING} beside them; else it is 1.
 */
public final class LoraFile {
  private static final Logger LOG = LoggerFactory.getLogger(LoraFile.class);

  private LoraFile() {}

  /**
   * Reads the adapters of one component; tensors of other components are passed over.
   *
   * @param component {@code unet}, {@code transformer}, {@code text_encoder}, …
   * @param base the component's network, whose layers they adapt
   * @param manager owns the adapters
   * @throws CheckpointException with every tensor that does not fit
   */
  public static LoraAdapters read(Path path, String component, Network base, NDManager manager) {
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      return new Reader(file, component, base).read(manager);
    }
  }

  /**
   * Writes adapters. The file tells alpha only where it differs from the rank.
   *
   * @param adapters weights of the network
   * @param dtype F32, F16 or BF16
   */
  public static void write(
      Path path, String component, LoraNetwork network, Weights adapters, DType dtype) {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    for (ParameterSpec parameter : network.parameters()) {
      tensors.put(component + "." + parameter.name(), adapters.get(parameter.name()));
    }
    SafetensorsWriter.write(path, tensors, LoraMetadata.texts(component, network.modules()), dtype);
  }

  /**
   * Writes the base with the adapters merged into it: weights that need no LoRA to be used. One
   * merged tensor exists at a time.
   *
   * @param factor multiplies all deltas
   * @param dtype F32, F16 or BF16; sums are taken in float32
   */
  public static void merge(
      Path path, Network base, Weights weights, LoraAdapters adapters, double factor, DType dtype) {
    SafetensorsWriter.write(
        path, base, adapters.over(weights, factor), Map.of("format", "pt"), dtype);
  }

  /** One file, of which one component is read. */
  private static final class Reader {
    private static final int SHOWN = 3;
    private final SafetensorsFile file;
    private final String component;
    private final Map<String, Shape> matrices;
    private final Map<String, Map<LoraNaming.Part, String>> tensors = new LinkedHashMap<>();
    private final Map<String, List<String>> strays = new LinkedHashMap<>();
    private final List<String> problems = new ArrayList<>();
    private boolean foreign;

    Reader(SafetensorsFile file, String component, Network base) {
      this.file = file;
      this.component = component;
      matrices = LoraNetwork.matrices(base);
      matrices.keySet().forEach(m -> tensors.put(m, new EnumMap<>(LoraNaming.Part.class)));
    }

    LoraAdapters read(NDManager manager) {
      LoraNaming naming = new LoraNaming(component, matrices.keySet());
      file.entries().forEach((tensor, entry) -> locate(tensor, entry, naming.place(tensor)));
      strays.forEach((problem, names) -> problems.add(first(names) + ": " + problem));
      tensors.values().removeIf(Map::isEmpty);
      LoraMetadata metadata = metadata();
      List<LoraModule> modules = new ArrayList<>();
      tensors.forEach(
          (name, parts) -> {
            LoraModule module = module(name, parts, metadata);
            if (module != null) {
              modules.add(module);
            }
          });
      if (problems.isEmpty() && modules.isEmpty()) {
        problems.add(
            foreign ? "all tensors are of other components" : "there are no adapters in it");
      }
      if (!problems.isEmpty()) {
        throw CheckpointException.listing(
            file.path().toString(),
            "cannot be used as LoRA of '%s'".formatted(component),
            "Use a file made for this architecture.",
            problems);
      }
      return new LoraAdapters(new LoraNetwork(modules), weights(modules, manager));
    }

    private void locate(String tensor, Entry entry, LoraNaming.Place place) {
      if (place.problem() != null) {
        strays.computeIfAbsent(place.problem(), p -> new ArrayList<>()).add(tensor);
      } else if (place.module() == null) {
        foreign = true;
      } else if (!entry.dtype().isFloat()) {
        problems.add(
            "'%s' has type %s, expected floating-point numbers".formatted(tensor, entry.dtype()));
      } else {
        Map<LoraNaming.Part, String> parts =
            tensors.computeIfAbsent(place.module(), m -> new EnumMap<>(LoraNaming.Part.class));
        String other = parts.put(place.part(), tensor);
        if (other != null) {
          problems.add("'%s' and '%s' are the same tensor of a module".formatted(other, tensor));
        }
      }
    }

    private static String first(List<String> tensors) {
      String names = tensors.stream().limit(SHOWN).collect(Collectors.joining("', '", "'", "'"));
      int more = tensors.size() - SHOWN;
      return more > 0 ? "%s and %d more".formatted(names, more) : names;
    }

    private @Nullable LoraMetadata metadata() {
      try {
        LoraMetadata metadata = LoraMetadata.read(file, component);
        if (metadata != null) {
          metadata
              .unused(tensors.keySet())
              .forEach(
                  pattern ->
                      LOG.warn(
                          "{}: metadata: pattern '{}' fits no module and changes nothing",
                          file.path(),
                          pattern));
        }
        return metadata;
      } catch (CheckpointException e) {
        problems.add("metadata: " + e.getMessage());
        return null;
      }
    }

    /** The adapter of one module; {@code null} and a problem if its tensors do not fit. */
    private @Nullable LoraModule module(
        String name, Map<LoraNaming.Part, String> parts, @Nullable LoraMetadata metadata) {
      String down = parts.get(LoraNaming.Part.DOWN);
      String up = parts.get(LoraNaming.Part.UP);
      if (down == null || up == null) {
        problems.add(
            "'%s' has no counterpart: the %s of '%s' is missing"
                .formatted(
                    parts.values().iterator().next(),
                    down != null ? "second factor (B, up)" : "first factor (A, down)",
                    name));
        return null;
      }
      Shape stored = shape(down);
      int rank = stored.dimension() == 0 ? 0 : Math.toIntExact(stored.get(0));
      if (rank < 1) {
        problems.add("'%s' is %s, expected at least one row".formatted(down, shown(stored)));
        return null;
      }
      Shape weight = java.util.Objects.requireNonNull(matrices.get(name), name);
      LoraModule module = new LoraModule(name, weight, rank, alpha(name, parts, rank, metadata));
      boolean downFits = fits(down, module.down());
      boolean upFits = fits(up, module.up());
      return downFits && upFits ? module : null;
    }

    private boolean fits(String tensor, Shape expected) {
      boolean fits = shape(tensor).equals(expected);
      if (!fits) {
        problems.add(
            "'%s' is %s, expected %s".formatted(tensor, shown(shape(tensor)), shown(expected)));
      }
      return fits;
    }

    private double alpha(
        String name,
        Map<LoraNaming.Part, String> parts,
        int rank,
        @Nullable LoraMetadata metadata) {
      String tensor = parts.get(LoraNaming.Part.ALPHA);
      if (tensor != null) {
        return scalar(tensor);
      }
      if (metadata == null) {
        return rank;
      }
      if (metadata.rankOf(name) != rank) {
        problems.add(
            "'%s' has rank %d, expected %d as the metadata says"
                .formatted(parts.get(LoraNaming.Part.DOWN), rank, metadata.rankOf(name)));
      }
      return metadata.alphaOf(name, rank);
    }

    private double scalar(String tensor) {
      if (shape(tensor).size() != 1) {
        problems.add("'%s' is %s, expected one number".formatted(tensor, shown(shape(tensor))));
        return 0;
      }
      try (NDManager memory = NDManager.newBaseManager(Device.cpu())) {
        double value = Ops.cast(file.read(tensor, memory), DataType.FLOAT64).toDoubleArray()[0];
        if (!Double.isFinite(value)) {
          problems.add("'%s' is %s, expected a number".formatted(tensor, value));
        }
        return value;
      }
    }

    private Shape shape(String tensor) {
      return java.util.Objects.requireNonNull(file.entries().get(tensor), tensor).shape();
    }

    private static String shown(Shape shape) {
      return Arrays.toString(shape.getShape());
    }

    private Weights weights(List<LoraModule> modules, NDManager manager) {
      Map<String, NDArray> weights = new LinkedHashMap<>();
      for (LoraModule module : modules) {
        Map<LoraNaming.Part, String> parts = tensors.getOrDefault(module.name(), Map.of());
        weights.put(module.downName(), tensor(parts.get(LoraNaming.Part.DOWN), manager));
        weights.put(module.upName(), tensor(parts.get(LoraNaming.Part.UP), manager));
      }
      return new MapWeights(file.path().toString(), weights);
    }

    private NDArray tensor(@Nullable String name, NDManager manager) {
      NDArray stored = file.read(java.util.Objects.requireNonNull(name), manager);
      NDArray tensor = Ops.cast(stored, DataType.FLOAT32);
      if (tensor != stored) {
        stored.close();
      }
      NDScope.unregister(tensor);
      return tensor;
    }
  }
}
