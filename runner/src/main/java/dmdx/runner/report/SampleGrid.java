package dmdx.runner.report;

import ai.djl.ndarray.NDArray;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A table of pictures or clips: one row per prompt, columns under headings, columns in groups.
 *
 * <p>Small pictures are enlarged by a whole factor, pixel by pixel; clips of more than one frame
 * that are large are reduced by one. Values that are not numbers are shown in magenta. A machine
 * without any font gets the pictures without the labels.
 */
public final class SampleGrid {
  private static final Logger LOG = LoggerFactory.getLogger(SampleGrid.class);
  private static final int SMALLEST_CELL = 112;
  private static final int LARGEST_CLIP = 256;
  private static final int MARGIN = 16;
  private static final int GAP = 4;
  private static final int GROUP_GAP = 20;
  private static final int LABEL_WIDTH = 200;
  private static final int LABEL_GAP = 12;
  private static final Color TEXT = new Color(0x22, 0x22, 0x22);

  private final List<String> rows;
  private final List<Column> columns = new ArrayList<>();
  private boolean groupEnded;
  private boolean labelled = true;

  /** Clips top to bottom, and whether a group starts here. A clip of one frame is a picture. */
  private record Column(String heading, boolean startsGroup, List<List<BufferedImage>> cells) {

    int frames() {
      return cells.get(0).size();
    }

    /** The picture of a row; a clip that has ended keeps its last. */
    BufferedImage cell(int row, int frame) {
      return cells.get(row).get(Math.min(frame, frames() - 1));
    }
  }

  /**
   * @param rows row labels, top to bottom
   */
  public SampleGrid(List<String> rows) {
    if (rows.isEmpty()) {
      throw new IllegalArgumentException("a grid needs at least one row");
    }
    this.rows = List.copyOf(rows);
  }

  /**
   * @param heading text above the column; it runs on over following columns with empty headings
   * @param pixels RGB {@code [rows, 3, H, W]} or {@code [rows, 3, T, H, W]} in [-1, 1], clamped;
   *     copied
   * @throws IllegalArgumentException if the shape is another
   */
  public SampleGrid addColumn(String heading, NDArray pixels) {
    if (pixels.getShape().dimension() == 0 || pixels.getShape().get(0) != rows.size()) {
      throw new IllegalArgumentException(
          "pixels are %s, expected %d rows of pictures or clips"
              .formatted(Arrays.toString(pixels.getShape().getShape()), rows.size()));
    }
    return add(heading, Pictures.clips(pixels));
  }

  /** The same with values in the order of {@code [rows, 3, height, width]}. */
  public SampleGrid addColumn(String heading, float[] pixels, int height, int width) {
    int cell = 3 * height * width;
    if (pixels.length != rows.size() * cell) {
      throw new IllegalArgumentException(
          "%d values, expected %d pictures of 3 x %d x %d"
              .formatted(pixels.length, rows.size(), height, width));
    }
    List<List<BufferedImage>> cells = new ArrayList<>();
    for (int row = 0; row < rows.size(); row++) {
      cells.add(Pictures.clip(pixels, row * cell, 1, height, width));
    }
    return add(heading, cells);
  }

  private SampleGrid add(String heading, List<List<BufferedImage>> cells) {
    List<List<BufferedImage>> shown = cells;
    if (cells.get(0).size() > 1) {
      BufferedImage first = cells.get(0).get(0);
      int side = Math.max(first.getWidth(), first.getHeight());
      int factor = Math.max(1, (side + LARGEST_CLIP - 1) / LARGEST_CLIP);
      shown =
          cells.stream()
              .map(clip -> clip.stream().map(f -> Pictures.reduced(f, factor)).toList())
              .toList();
    }
    columns.add(new Column(heading, groupEnded, shown));
    groupEnded = false;
    return this;
  }

  /** Leaves a wider gap before the next column. */
  public SampleGrid endGroup() {
    groupEnded = !columns.isEmpty();
    return this;
  }

  /**
   * Draws the grid. Pictures become a PNG. Clips become an animated PNG, and beside it a video of
   * the same name that ends in {@code .mp4}; a machine that cannot encode one goes without.
   *
   * @param file the PNG
   * @param fps frames of clips per second
   * @throws java.io.UncheckedIOException naming the file if it cannot be written
   */
  public void write(Path file, int fps) {
    writePreview(file, fps);
    if (frameCount() > 1) {
      Path video = beside(file, ".mp4");
      try {
        VideoWriter.mp4(video, frames(), fps);
      } catch (LinkageError | IllegalArgumentException e) {
        LOG.warn("{}: not written ({}). {} shows the same.", video, e.toString(), file);
      }
    }
  }

  /**
   * Draws the grid as a PNG, animated if it has clips, without a video.
   *
   * @throws java.io.UncheckedIOException naming the file if it cannot be written
   */
  public void writePreview(Path file, int fps) {
    if (frameCount() == 1) {
      PngWriter.write(draw(), file);
    } else {
      VideoWriter.preview(file, frames(), fps);
    }
  }

  private int frameCount() {
    return columns.stream().mapToInt(Column::frames).max().orElse(1);
  }

  /**
   * A file in the same folder, whose name has another end.
   *
   * @param end replaces the extension, or is added where there is none
   */
  public static Path beside(Path file, String end) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return file.resolveSibling((dot > 0 ? name.substring(0, dot) : name) + end);
  }

  /** The frames, each drawn when it is asked for. */
  private List<BufferedImage> frames() {
    return new AbstractList<>() {
      @Override
      public BufferedImage get(int frame) {
        return draw(frame);
      }

      @Override
      public int size() {
        return frameCount();
      }
    };
  }

  BufferedImage draw() {
    return draw(0);
  }

  private BufferedImage draw(int frame) {
    if (columns.isEmpty()) {
      throw new IllegalStateException("the grid has no column");
    }
    if (labelled) {
      try {
        return paint(frame);
      } catch (InternalError | NoClassDefFoundError | UnsatisfiedLinkError e) {
        LOG.warn("sample grids have no labels: this machine has no usable font ({})", e.toString());
        labelled = false;
      }
    }
    return paint(frame);
  }

  private BufferedImage paint(int frame) {
    int cellWidth = 0;
    int cellHeight = 0;
    for (Column column : columns) {
      BufferedImage first = column.cell(0, 0);
      int factor = factor(first);
      cellWidth = Math.max(cellWidth, factor * first.getWidth());
      cellHeight = Math.max(cellHeight, factor * first.getHeight());
    }
    int[] left = new int[columns.size()];
    int x = MARGIN + (labelled ? LABEL_WIDTH + LABEL_GAP : 0);
    for (int c = 0; c < left.length; c++) {
      x += c == 0 ? 0 : columns.get(c).startsGroup() ? GROUP_GAP : GAP;
      left[c] = x;
      x += cellWidth;
    }
    boolean headed = labelled && columns.stream().anyMatch(column -> !column.heading().isEmpty());
    int fontSize = Math.min(24, Math.max(13, cellHeight / 8));
    int top = MARGIN + (headed ? 2 * fontSize : 0);
    int height = top + rows.size() * (cellHeight + GAP) - GAP + MARGIN;
    BufferedImage image = new BufferedImage(x + MARGIN, height, BufferedImage.TYPE_INT_RGB);
    Graphics2D g = image.createGraphics();
    try {
      g.setColor(Color.WHITE);
      g.fillRect(0, 0, image.getWidth(), image.getHeight());
      for (int c = 0; c < left.length; c++) {
        for (int r = 0; r < rows.size(); r++) {
          BufferedImage cell = columns.get(c).cell(r, frame);
          int f = factor(cell);
          int y = top + r * (cellHeight + GAP);
          g.drawImage(cell, left[c], y, f * cell.getWidth(), f * cell.getHeight(), null);
        }
      }
      if (labelled) {
        g.setRenderingHint(
            RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        g.setColor(TEXT);
        rowLabels(g, fontSize, top, cellHeight);
        headings(g, fontSize, left, x);
      }
    } finally {
      g.dispose();
    }
    return image;
  }

  private static int factor(BufferedImage picture) {
    int size = Math.max(picture.getWidth(), picture.getHeight());
    return Math.max(1, (SMALLEST_CELL + size - 1) / size);
  }

  private void rowLabels(Graphics2D g, int fontSize, int top, int cellHeight) {
    g.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, fontSize));
    FontMetrics metrics = g.getFontMetrics();
    int most = Math.max(1, cellHeight / metrics.getHeight());
    for (int r = 0; r < rows.size(); r++) {
      List<String> lines = wrapped(rows.get(r), metrics, LABEL_WIDTH, most);
      int block = lines.size() * metrics.getHeight();
      int y = top + r * (cellHeight + GAP) + (cellHeight - block) / 2 + metrics.getAscent();
      for (String line : lines) {
        g.drawString(line, MARGIN + LABEL_WIDTH - metrics.stringWidth(line), y);
        y += metrics.getHeight();
      }
    }
  }

  private void headings(Graphics2D g, int fontSize, int[] left, int right) {
    g.setFont(new Font(Font.SANS_SERIF, Font.BOLD, fontSize));
    FontMetrics metrics = g.getFontMetrics();
    int y = MARGIN + metrics.getAscent();
    for (int c = 0; c < left.length; c++) {
      int next = c + 1;
      while (next < left.length
          && columns.get(next).heading().isEmpty()
          && !columns.get(next).startsGroup()) {
        next++;
      }
      int end = next < left.length ? left[next] - GAP : right;
      String heading = columns.get(c).heading();
      if (!heading.isEmpty()) {
        g.drawString(wrapped(heading, metrics, end - left[c], 1).get(0), left[c], y);
      }
    }
  }

  /** Words in at most {@code most} lines of {@code width} pixels; an ellipsis marks what is cut. */
  private static List<String> wrapped(String text, FontMetrics metrics, int width, int most) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String word : text.strip().split("\\s+", -1)) {
      String longer = line.isEmpty() ? word : line + " " + word;
      if (!line.isEmpty() && metrics.stringWidth(longer) > width) {
        lines.add(line.toString());
        line.setLength(0);
        line.append(word);
      } else {
        line.setLength(0);
        line.append(longer);
      }
    }
    lines.add(line.toString());
    if (lines.size() > most) {
      lines = new ArrayList<>(lines.subList(0, most));
      lines.set(most - 1, lines.get(most - 1) + "…");
    }
    lines.replaceAll(full -> shortened(full, metrics, width));
    return lines;
  }

  private static String shortened(String line, FontMetrics metrics, int width) {
    String shown = line;
    while (shown.length() > 1 && metrics.stringWidth(shown) > width) {
      int cut = shown.endsWith("…") ? shown.length() - 2 : shown.length() - 1;
      shown = shown.substring(0, cut) + "…";
    }
    return shown;
  }
}
