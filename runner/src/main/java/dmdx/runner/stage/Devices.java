package dmdx.runner.stage;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.settings.SettingsException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The devices networks compute on, as configurations name them: {@code cpu}, {@code cuda:0}. */
public final class Devices {
  private static final Pattern SENTENCE_END = Pattern.compile("\\.?\\s*\\n|\\. ");
  private static final Pattern NAME = Pattern.compile("cpu|cuda(?::(\\d{1,3}))?");

  private Devices() {}

  /**
   * The device of that name, whether this machine has it or not.
   *
   * @param name {@code cpu}, {@code cuda} for the first GPU, {@code cuda:N}
   * @throws IllegalArgumentException if it names none
   */
  public static Device of(String name) {
    Matcher parts = NAME.matcher(name);
    if (!parts.matches()) {
      throw new IllegalArgumentException(
          "'%s' is no device. Give cpu, or cuda:0 for the first GPU.".formatted(name));
    }
    if (name.equals("cpu")) {
      return Device.cpu();
    }
    return Device.gpu(parts.group(1) == null ? 0 : Integer.parseInt(parts.group(1)));
  }

  /** The name of a device. */
  public static String name(Device device) {
    return device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
  }

  /**
   * Makes sure that this machine has a device.
   *
   * @throws SettingsException if it has not, or if libtorch cannot use it
   */
  public static void require(Device device) {
    if (!device.isGpu()) {
      return;
    }
    try (NDManager manager = NDManager.newBaseManager(device);
        NDArray probe = manager.zeros(new Shape(1))) {
      float unused = probe.toFloatArray()[0];
    } catch (EngineException | UnsupportedOperationException e) {
      throw new SettingsException(
          List.of(
              "device %s: libtorch cannot use it (%s). It takes a GPU, its driver and a libtorch built for CUDA, which docs/gpu.md tells how to get. Or set device = cpu."
                  .formatted(name(device), firstSentence(e))));
    }
  }

  /** What libtorch says, without the lists and stack traces behind it. */
  private static String firstSentence(Exception e) {
    return SENTENCE_END.split(String.valueOf(e.getMessage()), 2)[0];
  }
}
