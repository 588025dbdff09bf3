package dmdx.mixture;

import dmdx.api.Teacher;
import dmdx.api.TeacherProvider;
import dmdx.api.settings.Settings;
import dmdx.nn.plane.PlaneNetwork;
import dmdx.nn.plane.PlaneTeacher;
import dmdx.nn.weights.ModelConfig;

/** Reads {@code mixture.json} and fits the network that students start from. */
public final class MixtureTeacher implements TeacherProvider {

  @Override
  public String name() {
    return "mixture";
  }

  @Override
  public String description() {
    return "Gaussian mixtures of the plane with their exact scores";
  }

  @Override
  public Teacher open(OpenRequest request, Settings settings) {
    PlaneNetwork network =
        new PlaneNetwork(settings.integer("width", 1, 4096), settings.integer("depth", 1, 64));
    int steps = settings.integer("fit-steps", 1, 1_000_000);
    settings.finish();
    ModelConfig json = ModelConfig.read(request.folder().resolve("mixture.json"));
    Mixture mixture =
        new Mixture(json.integer("side"), json.number("spacing", 2), json.number("std", 0.1));
    return new PlaneTeacher(request.folder(), mixture, network, steps);
  }
}
