package dmdx.runner.cli;

import java.util.List;

/**
 * The subcommands.
 *
 * @param list picocli command objects, in the order of the help text
 */
record Commands(List<Object> list) {}
