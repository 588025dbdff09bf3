package dmdx.runner.ablation;

import dmdx.runner.ablation.AblationReport.Row;
import dmdx.runner.ablation.Estimate.Score;
import dmdx.runner.checkpoint.Folders;
import dmdx.runner.report.PngWriter;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.AxesChartStyler.TextAlignment;
import org.knowm.xchart.style.Styler.LegendLayout;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * One metric of all rows, a row a line, the first on top: the mean, its interval, the single runs
 * behind it, and the baseline's mean as a dashed line.
 */
final class IntervalPlot {
  private static final int WIDTH = 860;
  private static final int ROW = 36;
  private static final int AROUND = 150;
  private static final int SCALE = 2;
  private static final Color INK = new Color(0x2b2f36);
  private static final Color FAINT = new Color(0xe4e7eb);
  private static final Color MEAN = new Color(0x1f5fa8);
  private static final Color RUN = new Color(0x9db9d9);
  private static final Color BASELINE = new Color(0xc4682b);

  private final XYChart chart;
  private final int height;

  private IntervalPlot(XYChart chart, int height) {
    this.chart = chart;
    this.height = height;
  }

  /** {@code null} if no row has a finite mean of the metric. */
  static @Nullable IntervalPlot of(String metric, List<Row> rows, @Nullable String baseline) {
    List<Double> means = new ArrayList<>();
    List<Double> meanLines = new ArrayList<>();
    List<Double> runs = new ArrayList<>();
    List<Double> runLines = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      Estimate estimate = rows.get(i).estimate(metric);
      if (estimate != null && Double.isFinite(estimate.mean())) {
        double line = rows.size() - i;
        means.add(estimate.mean());
        meanLines.add(line);
        for (Score score : rows.get(i).scores().getOrDefault(metric, Map.of()).values()) {
          runs.add(score.value());
          runLines.add(line);
        }
      }
    }
    if (means.isEmpty()) {
      return null;
    }
    int height = AROUND + ROW * rows.size();
    XYChart chart = new XYChartBuilder().width(WIDTH).height(height).title(title(metric)).build();
    style(chart, rows);
    Estimate base = baseline(metric, rows, baseline);
    if (base != null && Double.isFinite(base.mean())) {
      line(chart, baseline + " (baseline)", base.mean(), base.mean(), 0.4, rows.size() + 0.6)
          .setLineColor(BASELINE)
          .setLineStyle(
              new BasicStroke(
                  1.4f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {5, 4}, 0))
          .setShowInLegend(true);
    }
    for (int i = 0; i < rows.size(); i++) {
      Estimate estimate = rows.get(i).estimate(metric);
      if (estimate != null && estimate.isKnown()) {
        double y = rows.size() - i;
        line(chart, "interval " + i, estimate.low(), estimate.high(), y, y)
            .setLineColor(MEAN)
            .setLineStyle(new BasicStroke(3f, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
      }
    }
    if (runs.size() > means.size()) {
      points(chart, "single runs", runs, runLines, SeriesMarkers.CIRCLE, RUN);
    }
    points(chart, "mean, 95 % interval", means, meanLines, SeriesMarkers.DIAMOND, MEAN);
    return new IntervalPlot(chart, height);
  }

  private static String title(String metric) {
    return metric.startsWith("time.") ? metric + ", seconds" : metric;
  }

  private static @Nullable Estimate baseline(
      String metric, List<Row> rows, @Nullable String baseline) {
    for (Row row : rows) {
      if (row.name().equals(baseline)) {
        return row.estimate(metric);
      }
    }
    return null;
  }

  private static XYSeries line(
      XYChart chart, String name, double x1, double x2, double y1, double y2) {
    XYSeries series = chart.addSeries(name, new double[] {x1, x2}, new double[] {y1, y2});
    series.setMarker(SeriesMarkers.NONE).setShowInLegend(false);
    return series;
  }

  private static void points(
      XYChart chart, String name, List<Double> x, List<Double> y, Marker marker, Color colour) {
    XYSeries series = chart.addSeries(name, x, y);
    series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
    series.setMarker(marker).setMarkerColor(colour);
  }

  private static void style(XYChart chart, List<Row> rows) {
    XYStyler styler = chart.getStyler();
    Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 13);
    styler
        .setChartBackgroundColor(Color.WHITE)
        .setChartFontColor(INK)
        .setChartPadding(14)
        .setChartTitleBoxVisible(false)
        .setChartTitleFont(font.deriveFont(Font.BOLD, 15f))
        .setLegendPosition(LegendPosition.OutsideS)
        .setLegendLayout(LegendLayout.Horizontal)
        .setLegendBorderColor(Color.WHITE)
        .setLegendFont(font)
        .setPlotBorderVisible(false)
        .setMarkerSize(9);
    styler.setAxisTickLabelsFont(font);
    styler.setAxisTickLabelsColor(INK);
    styler.setAxisTickMarksColor(FAINT);
    styler.setAxisTicksLineVisible(false);
    styler.setPlotGridLinesColor(FAINT);
    styler.setPlotGridLinesStroke(new BasicStroke(1f));
    styler.setPlotGridHorizontalLinesVisible(false);
    styler.setYAxisMin(0.4);
    styler.setYAxisMax(rows.size() + 0.6);
    styler.setYAxisTickMarkSpacingHint(ROW + 8); // a tick on every line, for any number of rows
    styler.setYAxisLabelAlignment(TextAlignment.Right);
    chart.setCustomYAxisTickLabelsFormatter(y -> label(y, rows));
  }

  /** The name of the row on a line; between lines blanks, all different, or labels are dropped. */
  private static String label(double y, List<Row> rows) {
    long line = Math.round(y);
    boolean on = Math.abs(y - line) < 1e-6 && line >= 1 && line <= rows.size();
    return on ? rows.get(rows.size() - (int) line).name() : " ".repeat(1 + (int) Math.abs(2 * y));
  }

  /** Writes {@code <file>.svg} and {@code <file>.png}, the latter at twice the size. */
  void write(Path file) throws IOException {
    ByteArrayOutputStream svg = new ByteArrayOutputStream();
    VectorGraphicsEncoder.saveVectorGraphic(chart, svg, VectorGraphicsFormat.SVG);
    Folders.replace(file.resolveSibling(file.getFileName() + ".svg"), svg.toByteArray());
    PngWriter.write(picture(), file.resolveSibling(file.getFileName() + ".png"));
  }

  BufferedImage picture() {
    BufferedImage image =
        new BufferedImage(SCALE * WIDTH, SCALE * height, BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    try {
      graphics.scale(SCALE, SCALE);
      chart.paint(graphics, WIDTH, height);
    } finally {
      graphics.dispose();
    }
    return image;
  }
}
