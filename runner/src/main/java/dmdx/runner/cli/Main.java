package dmdx.runner.cli;

import com.google.inject.Guice;
import com.google.inject.Injector;
import com.google.inject.ProvisionException;
import dmdx.api.CheckpointException;
import dmdx.api.settings.Names;
import dmdx.api.settings.SettingsException;
import dmdx.runner.plugin.PluginException;
import dmdx.runner.report.Terminal;
import dmdx.runner.train.DivergenceException;
import dmdx.runner.train.StopRequest;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.ParameterException;

/** Where {@code dmdx} starts. */
public final class Main {
  static final int OK = 0;
  static final int CHECK_FAILED = 1;
  static final int USER_ERROR = 2;
  static final int INTERNAL_ERROR = 70;
  static final int STOPPED = 130;
  private static final long PATIENCE_SECONDS = 60;

  private Main() {}

  /** Runs the command line and exits with its code. */
  public static void main(String[] args) {
    if (List.of(args).contains("-v") || List.of(args).contains("--verbose")) {
      System.setProperty("org.slf4j.simpleLogger.log.dmdx", "debug");
    }
    Charset charset = Charset.defaultCharset();
    PrintWriter out = new PrintWriter(System.out, true, charset);
    PrintWriter err = new PrintWriter(System.err, true, charset);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(ended), "stop"));
    int code = run(out, err, args);
    ended.countDown();
    System.exit(code);
  }

  /** Lets the step at hand end: libtorch must not be unloaded under a running kernel. */
  private static void stop(CountDownLatch ended) {
    StopRequest.make();
    try {
      if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("the step at hand does not end; leaving");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static int run(PrintWriter out, PrintWriter err, String... args) {
    Injector injector = Guice.createInjector(new RunnerModule());
    CommandLine line = new CommandLine(injector.getInstance(Dmdx.class));
    for (Object command : injector.getInstance(Commands.class).list()) {
      line.addSubcommand(command);
    }
    return line.setOut(out)
        .setErr(err)
        .setColorScheme(
            CommandLine.Help.defaultColorScheme(Terminal.isColoured() ? Ansi.ON : Ansi.OFF))
        .setAbbreviatedOptionsAllowed(false)
        .setAllowSubcommandsAsOptionParameters(true)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setParameterExceptionHandler(Main::wrongCommandLine)
        .setExecutionExceptionHandler(
            (problem, failed, parsed) ->
                failed(problem, failed, injector.getInstance(GlobalOptions.class).verbose()))
        .execute(args);
  }

  private static int wrongCommandLine(ParameterException problem, String[] args) {
    CommandLine line = problem.getCommandLine();
    PrintWriter err = line.getErr();
    String noCommand = noCommand(problem);
    if (noCommand != null) {
      report(err, line, noCommand);
    } else {
      report(err, line, String.valueOf(problem.getMessage()));
      CommandLine.UnmatchedArgumentException.printSuggestions(problem, err);
    }
    err.println("Try '" + line.getCommandSpec().qualifiedName() + " --help'.");
    return USER_ERROR;
  }

  /** What to say of a word that stands where a command should; {@code null} if there is none. */
  private static @Nullable String noCommand(ParameterException problem) {
    Set<String> commands = problem.getCommandLine().getSubcommands().keySet();
    if (commands.isEmpty() || !(problem instanceof CommandLine.UnmatchedArgumentException un)) {
      return null;
    }
    String word = un.getUnmatched().get(0);
    return word.startsWith("-")
        ? null
        : "there is no command '%s'.%s".formatted(word, Names.hint(word, commands));
  }

  private static int failed(Exception thrown, CommandLine line, boolean verbose) {
    Throwable problem =
        thrown instanceof ProvisionException && thrown.getCause() instanceof RuntimeException cause
            ? cause
            : thrown;
    String message = userMessage(problem);
    PrintWriter err = line.getErr();
    if (problem instanceof DivergenceException) {
      report(err, line, String.valueOf(problem.getMessage()));
      return CHECK_FAILED;
    }
    if (problem instanceof StopRequest.Stopped) {
      err.println(problem.getMessage());
      return STOPPED;
    }
    if (message == null) {
      report(err, line, "internal error");
      problem.printStackTrace(err);
      return INTERNAL_ERROR;
    }
    if (problem instanceof SettingsException settings) {
      settings.problems().forEach(one -> report(err, line, one));
    } else {
      report(err, line, message);
    }
    if (verbose) {
      problem.printStackTrace(err);
    }
    return USER_ERROR;
  }

  private static void report(PrintWriter err, CommandLine line, String message) {
    err.println(line.getColorScheme().errorText("error: ") + message);
  }

  /** What to tell a user whose input is at fault; {@code null} if the program is. */
  private static @Nullable String userMessage(Throwable problem) {
    if (problem instanceof SettingsException
        || problem instanceof CheckpointException
        || problem instanceof PluginException
        || problem instanceof IllegalArgumentException) {
      return problem.getMessage();
    }
    if (problem instanceof NoSuchFileException missing) {
      return missing.getFile() + ": no such file or folder.";
    }
    if (problem instanceof FileSystemException file) {
      String reason = file.getReason();
      return file.getFile() + ": " + (reason == null ? file.getClass().getSimpleName() : reason);
    }
    if (problem instanceof UncheckedIOException unchecked) {
      Throwable cause = unchecked.getCause();
      String why = cause == null ? null : userMessage(cause);
      String message = unchecked.getMessage();
      boolean generated = message == null || message.equals(String.valueOf(cause));
      return generated ? why : message + (why == null ? ": " + cause : " (" + why + ")");
    }
    return null;
  }
}
