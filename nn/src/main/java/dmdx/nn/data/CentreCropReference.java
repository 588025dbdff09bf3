package dmdx.nn.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dmdx.api.CheckpointException;
import dmdx.nn.parity.ParityReport;
import dmdx.nn.parity.ParityRows;
import dmdx.nn.parity.ReferenceCheck;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.SafetensorsFile;
import java.nio.file.Path;
import java.util.Map;

/** Compares the preprocessing of CLIP and DINOv2 with reference values. */
public final class CentreCropReference implements ReferenceCheck {
  private static final Map<String, Normalisation> FAMILIES =
      Map.of("clip-full", Normalisation.CLIP, "dinov2", Normalisation.IMAGENET);

  /** For the service loader. */
  public CentreCropReference() {}

  @Override
  public boolean accepts(ModelConfig index) {
    return PreprocessorCase.isOf(index, FAMILIES.keySet());
  }

  @Override
  public ParityReport check(ModelConfig index, NDManager manager) {
    Normalisation normalisation = FAMILIES.get(index.text("family", ""));
    if (normalisation == null) {
      throw new CheckpointException(index.path() + ": is no case of CLIP or DINOv2");
    }
    int size = index.integer("size");
    CentreCrop crop = new CentreCrop(size, index.integer("crop", size));
    Path folder = index.path().resolveSibling("");
    try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("io.safetensors"));
        NDManager memory = manager.newSubManager()) {
      PreprocessorCase golden = new PreprocessorCase(file, memory);
      ParityRows rows = new ParityRows("io.safetensors");
      for (int k = 0; k < golden.pictures(); k++) {
        RgbImage image = golden.picture(k);
        golden.bytes(rows, "resized." + k, crop.resized(image));
        NDArray pixels = normalisation.of(crop.of(image), memory);
        golden.pixels(rows, "pixel_values." + k, pixels, PreprocessorCase.TOLERANCE);
        for (boolean antialias : new boolean[] {true, false}) {
          String name = (antialias ? "hps_antialias." : "hps_no_antialias.") + k;
          if (golden.stores("out." + name)) {
            NDArray fitted = new FittedSquare(size, antialias).of(image, memory);
            golden.pixels(
                rows, name, normalisation.ofUnit(fitted), PreprocessorCase.RESIZE_TOLERANCE);
          }
        }
      }
      return new ParityReport(folder, rows.list());
    }
  }
}
