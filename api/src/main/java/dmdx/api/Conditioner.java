package dmdx.api;

import dmdx.api.network.Passes;
import java.util.List;

/** Turns prompts into what the denoiser is conditioned on. */
public interface Conditioner {

  /**
   * @param passes one pass per text encoder component; the caller decides whether they are trained
   * @param prompts B prompts
   * @param size size of the picture asked for
   * @return one row per prompt, {@code [B, …]} each, owned by the passes' scope
   */
  Conditioning encode(Passes passes, List<String> prompts, ImageSize size);

  /**
   * The unconditional half of classifier-free guidance.
   *
   * @return {@code rows} rows of the tensors that {@link #encode} gives, owned by the passes' scope
   */
  Conditioning unconditional(Passes passes, int rows, ImageSize size);
}
