package dmdx.runner.cli;

import ai.djl.Device;
import dmdx.runner.stage.Devices;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code --device}, of commands that have no configuration to say it. */
final class DeviceOption {
  @Option(
      names = "--device",
      paramLabel = "NAME",
      converter = Converter.class,
      description = "What networks compute on: cpu, or cuda:0 for the first GPU. Default: cpu.")
  private Device device = Device.cpu();

  /**
   * The device, which this machine has.
   *
   * @throws dmdx.api.settings.SettingsException if it has not
   */
  Device required() {
    Devices.require(device);
    return device;
  }

  /** Reads the name of a device. */
  static final class Converter implements ITypeConverter<Device> {
    @Override
    public Device convert(String name) {
      try {
        return Devices.of(name);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }
}
