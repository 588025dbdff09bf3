package dmdx.runner.stage;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.settings.Names;
import dmdx.nn.torch.Scope;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.report.RunFolder;
import dmdx.runner.report.SampleGrid;
import dmdx.runner.train.StopRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Draws teacher and students side by side, one row per prompt, all from the same noise. {@code
 * comparison.sha256} beside the picture is a hash of what it follows from.
 */
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

  private Path picture() {
    return run.settings().folder().resolve(RunFolder.COMPARISON);
  }

  private Path mark() {
    return SampleGrid.beside(picture(), ".sha256");
  }

  /** Whether the picture is there and all it follows from is as it was. */
  @Override
  public boolean isDone(RunContext context) {
    try {
      return Files.exists(picture())
          && Files.exists(mark())
          && Files.readString(mark()).equals(Candidates.origin(run, NAME));
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be read".formatted(mark()), e);
    }
  }

  @Override
  public void run() {
    if (isDone(run)) {
      LOG.info("teacher and student side by side are there already: {}", picture());
      return;
    }
    try {
      Files.deleteIfExists(mark());
      draw(picture());
      Folders.replace(mark(), Candidates.origin(run, NAME).getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(mark()), e);
    }
  }

  private void draw(Path file) {
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
