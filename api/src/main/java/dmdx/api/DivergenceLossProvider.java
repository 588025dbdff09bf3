package dmdx.api;

import dmdx.api.settings.Settings;

/** Builds one kind of divergence. */
public interface DivergenceLossProvider extends Plugin {

  @Override
  default String kind() {
    return "divergence";
  }

  DivergenceLoss create(Settings settings);
}
