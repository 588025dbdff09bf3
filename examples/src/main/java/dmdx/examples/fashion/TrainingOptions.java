package dmdx.examples.fashion;

import dmdx.nn.data.ImageFolder;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** What every training command takes. */
final class TrainingOptions {
  @Option(names = "--data", required = true, description = "Folder written by 'prepare'.")
  private Path data = Path.of("");

  @Option(names = "--out", required = true, description = "Folder of the network.")
  private Path out = Path.of("");

  @Option(
      names = "--iterations",
      defaultValue = "4000",
      description = "Updates. Default: ${DEFAULT-VALUE}.")
  private int iterations;

  @Option(
      names = "--minutes",
      defaultValue = "30",
      description = "Longest time; the learning rate then decays faster. Default: ${DEFAULT-VALUE}.")
  private double minutes;

  @Option(names = "--batch", defaultValue = "64", description = "Default: ${DEFAULT-VALUE}.")
  private int batch;

  @Option(
      names = "--rate",
      defaultValue = "0.002",
      description = "Highest learning rate. Default: ${DEFAULT-VALUE}.")
  private double rate;

  @Option(names = "--seed", defaultValue = "7", description = "Default: ${DEFAULT-VALUE}.")
  private long seed;

  Path out() {
    return out;
  }

  int iterations() {
    return iterations;
  }

  double seconds() {
    return 60 * minutes;
  }

  int batch() {
    return batch;
  }

  double rate() {
    return rate;
  }

  long seed() {
    return seed;
  }

  ImageFolder train() {
    return ImageFolder.read(data.resolve("train"), Wardrobe.SIZE, Wardrobe.SIZE);
  }

  ImageFolder heldOut() {
    return ImageFolder.read(data.resolve("held-out"), Wardrobe.SIZE, Wardrobe.SIZE);
  }
}
