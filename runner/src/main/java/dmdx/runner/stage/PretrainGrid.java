package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.Conditioner;
import dmdx.api.Conditioning;
import dmdx.api.Diffusion;
import dmdx.api.ImageSize;
import dmdx.api.Teacher;
import dmdx.api.network.Passes;
import dmdx.api.network.Weights;
import dmdx.nn.torch.Autograd;
import dmdx.nn.weights.ForwardPass;
import dmdx.runner.report.SampleGrid;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Guided samples of a teacher in training, with its own unfinished text encoders. */
record PretrainGrid(RunContext run, Map<String, Weights> weights) {
  private static final int STEPS = 25;

  void draw(Path file, NDManager owner) {
    Teacher teacher = run.teacher();
    List<String> prompts = run.prompts().first(run.settings().gridPrompts());
    SampleGrid grid = new SampleGrid(prompts);
    List<String> requests = Grids.requests(teacher.codec(), prompts);
    TeacherSampler sampler = TeacherSampler.of(teacher, teacher.defaultSampler(), STEPS);
    double[] scales = Diffusion.filled(requests.size(), teacher.recommendedGuidance().low());
    try (Autograd.Mode paused = Autograd.paused()) {
      Passes passes =
          component -> ForwardPass.of(Objects.requireNonNull(weights.get(component)), owner);
      Conditioner conditioner = teacher.conditioner();
      ImageSize size = run.settings().teacher().size();
      Conditioning given = conditioner.encode(passes, requests, size);
      Conditioning none = conditioner.unconditional(passes, requests.size(), size);
      Guidance guidance = new Guidance(given, none, scales);
      for (int column = 0; column < run.settings().gridColumns(); column++) {
        NDArray noise = Grids.noise(run, "training", column, requests.size(), owner);
        NDArray latents = sampler.sample(passes.of(teacher.denoiserComponent()), noise, guidance);
        grid.addColumn("", run.pictures(latents, owner));
      }
    }
    if (run.trial() == null) {
      grid.write(file, run.settings().fps());
    }
  }
}
