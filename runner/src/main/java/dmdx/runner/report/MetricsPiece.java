package dmdx.runner.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/**
 * Whole lines of a {@link MetricsLog} file that may be growing. A line without its end is left for
 * the next piece.
 *
 * @param file changes when the file is replaced, as a resumed run does
 * @param restart whether the lines are the file's first, and replace those read before
 * @param next where the next piece begins, in bytes
 * @param more whether there are whole lines beyond these
 * @param lines what parses as an object
 */
public record MetricsPiece(
    String file, boolean restart, long next, boolean more, List<ObjectNode> lines) {
  private static final int LARGEST = 8 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Takes a copy of the lines. */
  public MetricsPiece {
    lines = List.copyOf(lines);
  }

  /**
   * Reads at most 8 MiB.
   *
   * @param known {@link #file} of the piece before, or an empty text
   * @param from {@link #next} of the piece before
   * @throws IOException if the file cannot be read
   */
  public static MetricsPiece read(Path path, String known, long from) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
    String file = attributes.fileKey() + "@" + attributes.creationTime().toMillis();
    long size = attributes.size();
    boolean restart = !file.equals(known) || from < 0 || from > size;
    long start = restart ? 0 : from;
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(LARGEST, size - start));
    try (FileChannel channel = FileChannel.open(path)) {
      while (buffer.hasRemaining() && channel.read(buffer, start + buffer.position()) > 0) {}
    }
    int end = buffer.position();
    while (end > 0 && buffer.get(end - 1) != '\n') {
      end--;
    }
    if (end == 0 && buffer.position() == LARGEST) {
      end = LARGEST; // no line of ours is that long: skip it
    }
    List<ObjectNode> lines = parse(new String(buffer.array(), 0, end, StandardCharsets.UTF_8));
    boolean more = end > 0 && start + buffer.position() < size;
    return new MetricsPiece(file, restart, start + end, more, lines);
  }

  /** As an object with the components' names. */
  public ObjectNode json() {
    ObjectNode json = JSON.createObjectNode().put("file", file).put("restart", restart);
    json.put("next", next).put("more", more).putArray("lines").addAll(lines);
    return json;
  }

  /** All whole lines; none if the file does not exist. */
  static List<ObjectNode> all(Path path) throws IOException {
    List<ObjectNode> lines = new ArrayList<>();
    if (Files.isRegularFile(path)) {
      MetricsPiece piece = read(path, "", 0);
      lines.addAll(piece.lines());
      while (piece.more()) {
        piece = read(path, piece.file(), piece.next());
        lines.addAll(piece.lines());
      }
    }
    return lines;
  }

  /** The newest whole lines, at least one if there is any of ordinary length. */
  static List<ObjectNode> newest(Path path) throws IOException {
    if (!Files.isRegularFile(path)) {
      return List.of();
    }
    int most = 1 << 15;
    try (FileChannel channel = FileChannel.open(path)) {
      long start = Math.max(0, channel.size() - most);
      ByteBuffer buffer = ByteBuffer.allocate(most);
      while (buffer.hasRemaining() && channel.read(buffer, start + buffer.position()) > 0) {}
      String text = new String(buffer.array(), 0, buffer.position(), StandardCharsets.UTF_8);
      return parse(text.substring(0, text.lastIndexOf('\n') + 1));
    }
  }

  private static List<ObjectNode> parse(String text) {
    List<ObjectNode> lines = new ArrayList<>();
    for (String line : text.split("\n", -1)) {
      try {
        JsonNode node = JSON.readTree(line);
        if (node instanceof ObjectNode object) {
          lines.add(object);
        }
      } catch (JsonProcessingException e) {
        // cut off by a killed process: the lines around it count
      }
    }
    return lines;
  }
}
