/**
 * The command {@code dmdx}: {@link dmdx.runner.cli.Main} and its subcommands.
 *
 * <p>A subcommand is a picocli class in this package, listed in {@code RunnerModule.commands}.
 * Collaborators come through its constructor, as suppliers where making them depends on options.
 */
@NullMarked
package dmdx.runner.cli;

import org.jspecify.annotations.NullMarked;
