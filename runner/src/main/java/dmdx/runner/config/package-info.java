/**
 * Reading a run's configuration: {@link dmdx.runner.config.ConfigLoader} turns files and command
 * line overrides into one resolved tree, which {@link dmdx.api.settings.Settings} then reads.
 */
@NullMarked
package dmdx.runner.config;

import org.jspecify.annotations.NullMarked;
