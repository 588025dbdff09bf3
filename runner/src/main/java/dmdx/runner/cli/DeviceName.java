package dmdx.runner.cli;

import ai.djl.Device;
import dmdx.runner.stage.Devices;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads {@code --device}. */
final class DeviceName implements ITypeConverter<Device> {
  static final String DESCRIPTION =
      "What networks compute on: cpu, or cuda:0 for the first GPU. Default: cpu.";

  @Override
  public Device convert(String name) {
    try {
      return Devices.of(name);
    } catch (IllegalArgumentException e) {
      throw new TypeConversionException(e.getMessage());
    }
  }
}
