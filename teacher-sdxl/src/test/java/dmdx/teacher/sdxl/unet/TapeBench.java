package dmdx.teacher.sdxl.unet;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;
import dmdx.api.Conditioning;
import dmdx.api.network.ParameterSpec;
import dmdx.nn.torch.Autograd;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.MapWeights;
import dmdx.nn.weights.Noise;
import dmdx.nn.weights.Tape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * Memory and time of one forward and backward pass through the SDXL UNet, of full width and depth,
 * with and without a {@link Tape}. Run each in a process of its own:
 *
 * <pre>
 * java -cp … dmdx.teacher.sdxl.unet.TapeBench [autograd|tape] [frozen|trained] [latent size] [runs]
 * </pre>
 *
 * Layers of the same shape share a random weight, which leaves activations and time as they are.
 * Memory is what a pass adds at its peak, when weights, their gradients and the libraries' buffers
 * are there already: of allocated bytes, which the C library counts and a thread looks at every few
 * milliseconds, and of resident memory, which has gaps between allocations in it, too.
 */
final class TapeBench {
  private TapeBench() {}

  public static void main(String[] arguments) throws IOException {
    boolean taped = arguments[0].equals("tape");
    boolean trained = arguments[1].equals("trained");
    int size = Integer.parseInt(arguments[2]);
    int runs = Integer.parseInt(arguments[3]);
    UNet2DCondition network = UNet2DConditionTests.network(UNet2DConditionTests.SDXL);
    try (NDManager manager = NDManager.newBaseManager()) {
      MapWeights weights = new MapWeights("bench", weights(network, trained, manager));
      for (int run = 0; run <= runs; run++) {
        Files.writeString(Path.of("/proc/self/clear_refs"), "5"); // resets the peak
        double before = status("VmRSS");
        double start = processorSeconds();
        double allocated;
        try (AllocatedPeak peak = new AllocatedPeak()) {
          pass(network, weights, size, taped, manager);
          allocated = peak.mebibytes();
        }
        System.out.printf(
            Locale.ROOT,
            "%s %s %d: %.0f MiB allocated, %.0f MiB resident, over %.0f MiB, %.2f s of processor time%s%n",
            arguments[0],
            arguments[1],
            size,
            allocated,
            status("VmHWM") - before,
            before,
            processorSeconds() - start,
            run == 0 ? " (warming up)" : "");
      }
    }
  }

  private static Map<String, NDArray> weights(
      UNet2DCondition network, boolean trained, NDManager manager) {
    Map<Shape, NDArray> shared = new HashMap<>();
    Map<String, NDArray> weights = new LinkedHashMap<>();
    for (ParameterSpec parameter : network.parameters()) {
      NDArray weight =
          shared.computeIfAbsent(
              parameter.shape(),
              shape -> {
                NDArray x = manager.randomNormal(shape);
                x.muli((float) Math.sqrt(1.0 / Math.max(1, shape.size() / shape.get(0))));
                return trained ? Autograd.leaf(x) : x;
              });
      weights.put(parameter.name(), weight);
    }
    return weights;
  }

  private static void pass(
      UNet2DCondition network, MapWeights weights, int size, boolean taped, NDManager manager) {
    try (Scope scope = new Scope();
        NDManager memory = manager.newSubManager();
        Autograd.Mode recording = Autograd.recording();
        Tape tape = taped ? Tape.open(memory) : null) {
      NDArray x = Autograd.leaf(Noise.of(1).gaussian(memory, new Shape(1, 4, size, size)));
      Conditioning conditioning =
          new Conditioning(
              Map.of(
                  "encoder_hidden_states",
                  Noise.of(2).gaussian(memory, new Shape(1, 77, 2048)),
                  "text_embeds",
                  Noise.of(3).gaussian(memory, new Shape(1, 1280)),
                  "time_ids",
                  memory.ones(new Shape(1, 6))));
      NDArray y =
          network.forward(
              ForwardPass.of(weights, memory), x, memory.ones(new Shape(1)), conditioning);
      NDArray loss = y.square().mean();
      Tape.backward(loss);
    }
  }

  /** MiB of a line of the process's status. */
  private static double status(String line) throws IOException {
    String found =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(text -> text.startsWith(line))
            .findFirst()
            .orElseThrow();
    return Integer.parseInt(found.replaceAll("\\D", "")) / 1024.0;
  }

  /** Of all threads; unlike the clock's, they hardly depend on what else the machine does. */
  private static double processorSeconds() throws IOException {
    String[] fields =
        Files.readString(Path.of("/proc/self/stat")).replaceAll(".*\\) ", "").split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
  }

  /** The most bytes that are allocated while it is open, over those at the start. */
  private static final class AllocatedPeak implements AutoCloseable {
    private final long start = allocated();
    private final Thread watcher = new Thread(this::watch);
    private volatile long peak = start;
    private volatile boolean open = true;

    AllocatedPeak() {
      watcher.start();
    }

    private void watch() {
      while (open) {
        peak = Math.max(peak, allocated());
        LockSupport.parkNanos(3_000_000);
      }
    }

    double mebibytes() {
      return (peak - start) / 1048576.0;
    }

    private static long allocated() {
      LibC.Mallinfo2 info = LibC.INSTANCE.mallinfo2();
      return info.uordblks + info.hblkhd;
    }

    @Override
    public void close() {
      open = false;
    }
  }

  /** Of the C library, what tells how much is allocated. */
  public interface LibC extends Library {
    LibC INSTANCE = Native.load("c", LibC.class);

    Mallinfo2 mallinfo2();

    @FieldOrder({
      "arena",
      "ordblks",
      "smblks",
      "hblks",
      "hblkhd",
      "usmblks",
      "fsmblks",
      "uordblks",
      "fordblks",
      "keepcost"
    })
    final class Mallinfo2 extends Structure implements Structure.ByValue {
      public long arena;
      public long ordblks;
      public long smblks;
      public long hblks;
      public long hblkhd;
      public long usmblks;
      public long fsmblks;
      public long uordblks;
      public long fordblks;
      public long keepcost;
    }
  }
}
