package dmdx.examples.fashion;

import dmdx.nn.data.ImageFolder;
import dmdx.nn.weights.Noise;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Writes the captioned pictures, split by garment so that no held-out silhouette is trained on. */
@Command(name = "prepare", description = "Writes the image folders train and held-out.")
final class Prepare implements Callable<Integer> {
  private static final int HELD_OUT = 500;
  private static final int TRAIN_TINTS = 4;
  private static final int HELD_OUT_TINTS = 2;

  @Option(names = "--source", required = true, description = "Folder of the Fashion-MNIST files.")
  private Path source = Path.of("");

  @Option(names = "--out", required = true, description = "Folder to write.")
  private Path out = Path.of("");

  @Option(names = "--seed", defaultValue = "7", description = "Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Override
  public Integer call() throws IOException {
    GreyPictures pictures = GreyPictures.read(source);
    int[] order = shuffled(pictures.size(), Noise.of(seed, "split"));
    int held = Math.min(HELD_OUT, pictures.size() / 5);
    write("held-out", pictures, order, 0, held, HELD_OUT_TINTS);
    write("train", pictures, order, held, order.length, TRAIN_TINTS);
    return 0;
  }

  private void write(String part, GreyPictures pictures, int[] order, int from, int to, int tints)
      throws IOException {
    Path folder = out.resolve(part);
    Files.createDirectories(folder);
    try (BufferedWriter metadata =
        Files.newBufferedWriter(folder.resolve(ImageFolder.METADATA), StandardCharsets.UTF_8)) {
      for (int i = from; i < to; i++) {
        int index = order[i];
        Noise noise = Noise.of(seed, "tint", index);
        int[] combinations = shuffled(Tint.ALL.size(), noise);
        for (int t = 0; t < tints; t++) {
          Tint tint = Tint.ALL.get(combinations[t]);
          String name = "%04d-%d.png".formatted(index, t);
          ImageIO.write(
              tint.apply(pictures, index, noise.uniform()), "png", folder.resolve(name).toFile());
          metadata.write(
              "{\"file_name\": \"%s\", \"text\": \"%s\"}\n"
                  .formatted(name, Wardrobe.caption(tint.colour(), pictures.garment(index))));
        }
      }
    }
    System.out.printf("%s: %d pictures%n", folder, (to - from) * tints);
  }

  static int[] shuffled(int count, Noise noise) {
    int[] order = new int[count];
    for (int i = 0; i < count; i++) {
      int other = noise.below(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }
}
