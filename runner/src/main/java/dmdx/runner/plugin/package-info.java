/**
 * Plugins: {@link dmdx.runner.plugin.PluginRegistry} finds them among the application's own modules
 * and in plugin folders, and looks them up by name.
 *
 * <p>A plugin folder holds one entry per plugin, a jar or a folder of jars. Each entry becomes a
 * module layer of its own on top of the application's: the application's libraries win over an
 * entry's copies, and two entries may carry different versions of a library of their own. An entry
 * that cannot be used is reported with its cause and passed over.
 */
@NullMarked
package dmdx.runner.plugin;

import org.jspecify.annotations.NullMarked;
