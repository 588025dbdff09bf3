package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dmdx.api.LatentCodec;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Scope;
import dmdx.runner.report.SampleGrid;
import java.nio.file.Path;
import java.util.List;

/** Sample grids of a run: always the same prompts and noise, so that pictures compare over time. */
final class Grids {
  private final RunContext run;
  private final List<String> prompts;

  Grids(RunContext run) {
    this.run = run;
    prompts = run.prompts().first(run.settings().gridPrompts());
  }

  /** Every prompt, as often as the codec needs samples for one picture. */
  static List<String> requests(LatentCodec codec, List<String> prompts) {
    return PromptSet.repeated(prompts, codec.samplesPerPicture());
  }

  /** Unit noise for column {@code column} of a grid, one row per request. */
  static NDArray noise(RunContext run, String stream, int column, int rows, NDManager owner) {
    NDList noise = new NDList();
    for (int row = 0; row < rows; row++) {
      noise.add(run.noise("grid", stream, row, column).gaussian(owner, run.latentShape(1)));
    }
    return NDArrays.concat(noise, 0);
  }

  /** One row per prompt, samples of the student side by side. */
  void student(Path file, StudentModel student, Weights weights) {
    try (Scope scope = new Scope();
        NDManager manager = run.manager().newSubManager()) {
      SampleGrid grid = new SampleGrid(prompts);
      List<String> requests = requests(run.teacher().codec(), prompts);
      for (int column = 0; column < run.settings().gridColumns(); column++) {
        try (Scope inner = new Scope();
            NDManager owner = manager.newSubManager()) {
          NDArray noise = noise(run, "training", column, requests.size(), owner);
          NDArray latents = run.studentSamples(student, weights, noise, requests, owner);
          grid.addColumn("", run.pictures(latents, owner));
        }
      }
      if (run.trial() == null) {
        grid.write(file, run.settings().fps());
      }
    }
  }
}
