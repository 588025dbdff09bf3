/**
 * Runs in a browser while they go on: {@link dmdx.runner.ui.RunsServer} serves the page and the
 * files of {@link dmdx.runner.report}.
 */
@NullMarked
package dmdx.runner.ui;

import org.jspecify.annotations.NullMarked;
