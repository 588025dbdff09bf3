package dmdx.metrics;

import dmdx.api.settings.Settings;
import java.nio.file.Path;

/**
 * Where a CLIP in the Hugging Face layout is.
 *
 * @param path {@code config.json}, {@code model.safetensors}
 * @param tokenizer {@code vocab.json}, {@code merges.txt}
 */
record ClipSettings(Path path, Path tokenizer) {

  /** Reads {@code path} and {@code tokenizer}, which is the same folder unless set. */
  static ClipSettings from(Settings s) {
    Path path = s.path("path");
    Path tokenizer = s.optionalPath("tokenizer");
    return new ClipSettings(path, tokenizer == null ? path : tokenizer);
  }

  ClipCheckpoint open() {
    return ClipCheckpoint.folder(path, tokenizer);
  }
}
