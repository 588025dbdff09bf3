package dmdx.discriminator.sam;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.nn.data.PreprocessorCase;
import dmdx.nn.data.RgbImage;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.Set;

/** Compares SAM's preprocessing with reference values. */
public final class SamPreprocessorReference implements ReferenceCheck {

  /** Stateless. */
  public SamPreprocessorReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return PreprocessorCase.isOf(index, Set.of("sam-vision"));
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    SamPreprocessor preprocessor = new SamPreprocessor(index.integer("size"));
    Path folder = index.path().resolveSibling("");
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("io.safetensors"));
        NDManager memory = manager.newSubManager()) {
      PreprocessorCase golden = new PreprocessorCase(file, memory);
      ParityRows rows = new ParityRows("io.safetensors");
      for (int k = 0; k < golden.pictures(); k++) {
        RgbImage resized = preprocessor.resize(golden.picture(k));
        golden.bytes(rows, "resized." + k, resized);
        try (NDArray size = file.read("out.reshaped_input_size." + k, memory)) {
          long[] actual = {resized.height(), resized.width()};
          rows.integers("out", "reshaped_input_size." + k, actual, size.toLongArray());
        }
        golden.pixels(
            rows,
            "pixel_values." + k,
            preprocessor.normalise(golden.picture(k), memory),
            PreprocessorCase.TOLERANCE);
      }
      return new ParityReport(folder, rows.list());
    }
  }
}
