/**
 * What a run shows: {@link dmdx.runner.report.SampleGrid} pictures and videos ({@link
 * dmdx.runner.report.VideoWriter}), {@link dmdx.runner.report.MetricsLog} lines, {@link
 * dmdx.runner.report.Progress} on the terminal, {@link dmdx.runner.report.Table} in text, and all
 * of it together in {@link dmdx.runner.report.RunReport}, as {@link dmdx.runner.report.RunFolder}
 * reads it.
 */
@NullMarked
package dmdx.runner.report;

import org.jspecify.annotations.NullMarked;
