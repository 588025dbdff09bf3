/**
 * What a run shows: {@link dmdx.runner.report.SampleGrid} pictures and videos ({@link
 * dmdx.runner.report.VideoWriter}), {@link dmdx.runner.report.MetricsLog} lines, {@link
 * dmdx.runner.report.Progress} on the terminal and {@link dmdx.runner.report.Table} in text.
 */
@NullMarked
package dmdx.runner.report;

import org.jspecify.annotations.NullMarked;
