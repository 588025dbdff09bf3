package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.settings.Names;
import dmdx.nn.torch.Scope;
import dmdx.runner.report.RunFolder;
import dmdx.runner.report.SampleGrid;
import dmdx.runner.train.StopRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Draws teacher and students side by side, one row per prompt, all from the same noise. */
final class SampleStage implements Stage {
  static final String NAME = "sample";
  private static final Logger LOG = LoggerFactory.getLogger(SampleStage.class);
  private final RunContext run;
  private final SampleSettings settings;

  SampleStage(RunContext run) {
    this.run = run;
    settings = Objects.requireNonNull(run.settings().sample());
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public StageOutline outline() {
    return run.outline(NAME)
        .frozen("teacher", run.teacher().denoiser())
        .note(
            "%s, teacher at %s beside every student"
                .formatted(
                    Names.count(settings.prompts(), "prompt"),
                    Names.count(settings.steps(), "step")));
  }

  @Override
  public void rehearse() {
    run.rehearseSampling(settings.prompts(), settings.guidance());
  }

  @Override
  public void run() {
    Path file = run.settings().folder().resolve(RunFolder.COMPARISON);
    List<String> prompts = run.prompts().first(settings.prompts());
    List<String> requests = Grids.requests(run.teacher().codec(), prompts);
    try (Scope scope = new Scope();
        NDManager manager = run.manager().newSubManager()) {
      SampleGrid grid = new SampleGrid(prompts);
      for (Candidates.Candidate candidate :
          Candidates.of(run, settings.steps(), settings.guidance(), manager)) {
        for (int picture = 0; picture < settings.columns(); picture++) {
          StopRequest.check("stopped. Run again to go on.");
          try (Scope column = new Scope();
              NDManager owner = manager.newSubManager()) {
            NDArray noise = Grids.noise(run, NAME, picture, requests.size(), owner);
            NDArray latents = candidate.generator().generate(noise, requests, owner);
            grid.addColumn(picture == 0 ? candidate.label() : "", run.pictures(latents, owner));
          }
        }
        grid.endGroup();
      }
      grid.write(file, run.settings().fps());
    }
    LOG.info("teacher and student side by side: {}", file);
  }
}
