package dmdx.runner.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;

/**
 * The process that works on a run.
 *
 * @param started tells it from a later process of the same number; empty where the system does not
 *     say
 */
public record RunProcess(long id, String started, String host) {

  /** This process. */
  public static RunProcess current() {
    ProcessHandle self = ProcessHandle.current();
    return new RunProcess(self.pid(), startOf(self), thisHost());
  }

  static RunProcess from(JsonNode node) {
    return new RunProcess(
        node.path("id").asLong(), node.path("started").asText(), node.path("host").asText());
  }

  /** Puts what {@code stages.json} holds of it. */
  public void describe(ObjectNode node) {
    node.put("id", id).put("started", started).put("host", host);
  }

  /** Whether it ran on this machine, so that {@link #isAlive} can tell. */
  boolean isLocal() {
    return id > 0 && host.equals(thisHost());
  }

  boolean isAlive() {
    return ProcessHandle.of(id)
        .filter(handle -> handle.isAlive() && started.equals(startOf(handle)))
        .isPresent();
  }

  private static String startOf(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toString).orElse("");
  }

  private static String thisHost() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "";
    }
  }
}
