/**
 * Strict reading of configuration: every key is either read or reported, every problem names file,
 * line and key, and all problems are reported together.
 */
@NullMarked
package dmdx.api.settings;

import org.jspecify.annotations.NullMarked;
