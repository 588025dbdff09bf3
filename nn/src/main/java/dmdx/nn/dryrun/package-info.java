/**
 * Computation on arrays that have a shape and a type but no elements: what a program would compute
 * and how much memory that takes, found out in a moment. {@link dmdx.nn.dryrun.DryRun} is the
 * entry.
 */
@NullMarked
package dmdx.nn.dryrun;

import org.jspecify.annotations.NullMarked;
