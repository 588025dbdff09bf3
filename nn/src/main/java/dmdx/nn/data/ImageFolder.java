package dmdx.nn.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.nn.weights.Unreadable;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * Captioned images, held in memory as bytes.
 *
 * <p>The folder has the Hugging Face imagefolder layout: image files and {@code metadata.jsonl},
 * one object per line with the keys {@code file_name} (relative to the folder) and {@code text};
 * other keys are ignored. Images of another size are scaled and cropped around the centre.
 */
public final class ImageFolder {
  /** The file that lists the images. */
  public static final String METADATA = "metadata.jsonl";

  private static final int REPORTED = 8;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final int width;
  private final int height;
  private final List<String> captions = new ArrayList<>();
  private final List<byte[]> planes = new ArrayList<>();

  private ImageFolder(int width, int height) {
    this.width = width;
    this.height = height;
  }

  /**
   * Reads all images of a folder.
   *
   * @param folder holds {@code metadata.jsonl}
   * @param width width in pixels of every batch
   * @param height height in pixels of every batch
   * @throws DatasetException naming the file and every bad line
   */
  public static ImageFolder read(Path folder, int width, int height) {
    Path metadata = folder.resolve(METADATA);
    if (!Files.isRegularFile(metadata)) {
      throw new DatasetException(
          ("%s: there is no such file. An image folder holds images and %s with one"
                  + " {\"file_name\": ..., \"text\": ...} per line.")
              .formatted(metadata, METADATA));
    }
    ImageFolder images = new ImageFolder(width, height);
    List<String> problems = new ArrayList<>();
    int number = 0;
    try (Stream<String> lines = Files.lines(metadata, StandardCharsets.UTF_8)) {
      for (String line : (Iterable<String>) lines::iterator) {
        number++;
        String problem = line.isBlank() ? null : images.add(folder, line);
        if (problem != null) {
          problems.add("%s:%d: %s".formatted(metadata, number, problem));
        }
      }
    } catch (UncheckedIOException e) {
      throw new DatasetException(
          "%s:%d: not readable as UTF-8 text (%s)".formatted(metadata, number + 1, e.getMessage()));
    } catch (IOException e) {
      throw new DatasetException("%s: not readable (%s)".formatted(metadata, e.getMessage()));
    }
    if (!problems.isEmpty()) {
      String shown = String.join("\n", problems.subList(0, Math.min(REPORTED, problems.size())));
      int rest = problems.size() - REPORTED;
      throw new DatasetException(rest > 0 ? shown + "\nand " + rest + " more lines" : shown);
    }
    if (images.size() == 0) {
      throw new DatasetException(metadata + ": lists no image; at least one is needed");
    }
    return images;
  }

  private @Nullable String add(Path folder, String line) {
    JsonNode row;
    try {
      row = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      return "not a JSON object (%s)".formatted(Unreadable.why(e));
    }
    for (String key : List.of("file_name", "text")) {
      if (!row.path(key).isTextual()) {
        return "'%s' is missing or no text; expected {\"file_name\": ..., \"text\": ...}"
            .formatted(key);
      }
    }
    Path file = folder.resolve(row.get("file_name").textValue());
    if (!Files.isRegularFile(file)) {
      return "there is no image '%s'".formatted(file);
    }
    BufferedImage image;
    try {
      image = ImageIO.read(file.toFile());
    } catch (IOException e) {
      return "'%s' is damaged (%s)".formatted(file, e.getMessage());
    }
    if (image == null) {
      return "'%s' is no image of a known format; use PNG or JPEG".formatted(file);
    }
    captions.add(row.get("text").textValue());
    planes.add(Images.planes(Images.resized(image, width, height)));
    return null;
  }

  /** The number of images. */
  public int size() {
    return captions.size();
  }

  /** Width and height of every image, {@code {W, H}}. */
  public int[] imageSize() {
    return new int[] {width, height};
  }

  /** The caption of one image. */
  public String caption(int index) {
    return captions.get(index);
  }

  /** All captions, in the order of the file. */
  public List<String> captions() {
    return List.copyOf(captions);
  }

  /**
   * Some of the images.
   *
   * @param indices which, each in {@code 0 … size()-1}; repetitions are allowed
   * @param manager owns the result
   * @return RGB {@code [B, 3, H, W]}, float32 in [-1, 1]
   */
  public NDArray batch(int[] indices, NDManager manager) {
    int size = 3 * width * height;
    float[] values = new float[Math.multiplyExact(indices.length, size)];
    for (int i = 0; i < indices.length; i++) {
      Images.normalise(planes.get(indices[i]), values, i * size);
    }
    return manager.create(values, new Shape(indices.length, 3, height, width));
  }
}
