package dmdx.runner.stage;

import ai.djl.ndarray.NDManager;
import dmdx.api.StudentBase;
import dmdx.api.network.Network;
import dmdx.api.network.Weights;
import dmdx.api.settings.Settings;
import dmdx.api.settings.SettingsException;
import dmdx.nn.lora.LoraConfig;
import dmdx.nn.lora.LoraFile;
import dmdx.nn.lora.LoraNetwork;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.DType;
import dmdx.nn.weights.SafetensorsWriter;
import dmdx.nn.weights.Storage;
import dmdx.nn.weights.TrainableWeights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How a role differs from the student base, which all roles share: what of it is trained. */
sealed interface Tuning {

  /** What is trained: all of the base, or adapters. */
  Network trained();

  /** Trained weights that make the role equal to the base. */
  TrainableWeights start(long seed, Storage storage, NDManager manager);

  /** All weights of the role's denoiser where it computes, given the trained ones. */
  Weights complete(Weights trained, Compute compute);

  /** Writes trained weights into a folder, in the layout other tools read. */
  void write(Path folder, Weights trained);

  /** The trained weights that {@link #write} wrote. */
  Weights read(Path folder, NDManager owner);

  /**
   * What a configuration says.
   *
   * @param lora {@code null} to train all weights
   */
  record Choice(@Nullable Adapters lora) {

    /**
     * Adapters.
     *
     * @param alpha the delta is scaled by {@code alpha / rank}; {@code null} for the rank
     * @param targets patterns of module paths; empty for those the teacher recommends
     */
    record Adapters(int rank, @Nullable Double alpha, List<String> targets) {}

    /** Reads the keys {@code mode} and {@code lora} of a role's section. */
    static Choice from(Settings s) {
      if (s.choice("mode", List.of("full", "lora")).equals("full")) {
        s.ignore("lora");
        return new Choice(null);
      }
      Settings lora = s.section("lora");
      return new Choice(
          new Adapters(
              lora.integer("rank", 1, 4096),
              lora.has("alpha") ? lora.number("alpha", 1e-6, 1e6) : null,
              lora.has("targets") ? lora.texts("targets") : List.of()));
    }

    /**
     * This choice for a role that imitates the student.
     *
     * @throws IllegalArgumentException if both are adapters and this has the lower rank
     */
    Choice noLessThan(Choice student) {
      if (lora != null && student.lora != null && lora.rank() < student.lora.rank()) {
        throw new IllegalArgumentException(
            "rank %d is less than 'student.lora.rank', %d: the fake score could not follow the student. Set it to at least as much."
                .formatted(lora.rank(), student.lora.rank()));
      }
      return this;
    }

    /**
     * @param key the section it was read from, for messages
     * @param targets what the teacher recommends to adapt
     * @param component what adapter files call the denoiser: {@code unet}, {@code transformer}
     * @throws SettingsException if a target is no module of the base
     */
    Tuning of(String key, StudentBase base, List<String> targets, String component) {
      Adapters adapters = lora;
      if (adapters == null) {
        return new Full(base);
      }
      Double alpha = adapters.alpha();
      LoraConfig config =
          new LoraConfig(
              adapters.rank(),
              alpha == null ? adapters.rank() : alpha,
              adapters.targets().isEmpty() ? targets : adapters.targets());
      List<String> problems = config.problems(base.denoiser());
      if (!problems.isEmpty()) {
        throw new SettingsException(
            problems.stream().map(p -> "'%s.lora.targets': %s".formatted(key, p)).toList());
      }
      return new LowRank(base, LoraNetwork.of(base.denoiser(), config), component);
    }
  }

  /** All weights are trained: the role has a copy of its own. */
  record Full(StudentBase base) implements Tuning {
    private static final String STEM = "diffusion_pytorch_model";

    @Override
    public Network trained() {
      return base.denoiser();
    }

    @Override
    public TrainableWeights start(long seed, Storage storage, NDManager manager) {
      return TrainableWeights.copyOf(base.denoiser(), base.weights(), storage, manager);
    }

    @Override
    public Weights complete(Weights trained, Compute compute) {
      return compute.trained(trained);
    }

    @Override
    public void write(Path folder, Weights trained) {
      try (Scope scope = new Scope()) {
        SafetensorsWriter.write(
            folder.resolve(STEM + ".safetensors"),
            base.denoiser(),
            trained,
            Map.of("format", "pt"),
            DType.F32);
      }
    }

    @Override
    public Weights read(Path folder, NDManager owner) {
      return CheckpointWeights.open(folder, STEM, null, base.denoiser(), name -> false, owner);
    }
  }

  /** Adapters are trained over the base's own weights. */
  record LowRank(StudentBase base, LoraNetwork trained, String component) implements Tuning {
    private static final String FILE = "pytorch_lora_weights.safetensors";

    /** The base under the adapters that a folder holds. */
    static Weights read(Path folder, String component, StudentBase base, Compute compute) {
      return LoraFile.read(folder.resolve(FILE), component, base.denoiser(), compute.machine())
          .over(compute.frozen(base.weights()), 1);
    }

    @Override
    public TrainableWeights start(long seed, Storage storage, NDManager manager) {
      return TrainableWeights.initialised(trained, seed, storage, manager);
    }

    @Override
    public Weights complete(Weights adapters, Compute compute) {
      return trained.over(compute.frozen(base.weights()), compute.exact(adapters));
    }

    @Override
    public void write(Path folder, Weights adapters) {
      LoraFile.write(folder.resolve(FILE), component, trained, adapters, DType.F32);
    }

    @Override
    public Weights read(Path folder, NDManager owner) {
      return LoraFile.read(folder.resolve(FILE), component, base.denoiser(), owner).weights();
    }
  }
}
