package dmdx.nn.pipeline;

import dmdx.api.CheckpointException;
import java.util.ArrayList;
import java.util.List;

/** What keeps the components of a pipeline folder from going together; all of it at once. */
public final class Misfits {
  private final PipelineFolder folder;
  private final List<String> problems = new ArrayList<>();

  /** None so far. */
  public Misfits(PipelineFolder folder) {
    this.folder = folder;
  }

  /** Notes something wrong in the {@code config.json} of a component. */
  public void inConfig(String component, String problem) {
    problems.add(folder.component(component).resolve("config.json") + ": " + problem);
  }

  /** Notes problems that name their file. */
  public void addAll(List<String> others) {
    problems.addAll(others);
  }

  /**
   * Checks a denoiser against the autoencoder.
   *
   * @param denoiser its component
   * @param in channels it takes
   * @param out channels it predicts
   * @param latent channels of the autoencoder's latents
   */
  public void channels(String denoiser, int in, int out, int latent) {
    if (in != latent || out != latent) {
      inConfig(
          denoiser,
          "'in_channels' is %d and 'out_channels' %d, but the vae has latent_channels %d"
              .formatted(in, out, latent));
    }
  }

  /**
   * @throws CheckpointException with everything noted
   */
  public void throwIfAny() {
    if (!problems.isEmpty()) {
      throw new CheckpointException(
          String.join(System.lineSeparator(), problems)
              + System.lineSeparator()
              + "Use components that were saved together.");
    }
  }
}
