package dmdx.runner.ui;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** One page of a headless Chromium, spoken to in its DevTools protocol. */
final class Browser implements AutoCloseable, WebSocket.Listener {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PATIENCE = 20;
  private final Process process;
  private final WebSocket socket;
  private final AtomicInteger number = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final List<String> errors = new CopyOnWriteArrayList<>();
  private final StringBuilder message = new StringBuilder();
  private String session = "";

  /** The program, if there is one on this machine. */
  static Optional<Path> find() {
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(":", -1))
        .flatMap(
            folder ->
                Stream.of("chromium", "chromium-browser", "google-chrome")
                    .map(n -> Path.of(folder, n)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  Browser(Path program, Path profile) throws Exception {
    process =
        new ProcessBuilder(
                program.toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    Path port = profile.resolve("DevToolsActivePort");
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
    while (!Files.exists(port) || Files.readAllLines(port).size() < 2) {
      if (System.nanoTime() > end || !process.isAlive()) {
        process.destroyForcibly();
        throw new IOException("the browser does not start");
      }
      Thread.sleep(50);
    }
    List<String> address = Files.readAllLines(port);
    socket =
        HttpClient.newHttpClient()
            .newWebSocketBuilder()
            .buildAsync(URI.create("ws://127.0.0.1:" + address.get(0) + address.get(1)), this)
            .get(PATIENCE, TimeUnit.SECONDS);
    String target =
        send("Target.createTarget", Map.of("url", "about:blank")).path("targetId").asText();
    session =
        send("Target.attachToTarget", Map.of("targetId", target, "flatten", true))
            .path("sessionId")
            .asText();
    for (String domain : List.of("Runtime", "Log", "Page")) {
      send(domain + ".enable", Map.of());
    }
  }

  @Override
  public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    message.append(data);
    if (last) {
      try {
        JsonNode node = JSON.readTree(message.toString());
        message.setLength(0);
        String method = node.path("method").asText();
        CompletableFuture<JsonNode> answer = waiting.remove(node.path("id").asInt());
        if (answer != null) {
          answer.complete(node.path("result"));
        } else if (method.equals("Runtime.exceptionThrown")
            || method.equals("Log.entryAdded")
                && node.at("/params/entry/level").asText().equals("error")
            || method.equals("Runtime.consoleAPICalled")
                && node.at("/params/type").asText().equals("error")) {
          errors.add(node.toString());
        }
      } catch (IOException e) {
        errors.add(e.toString());
      }
    }
    from.request(1);
    return CompletableFuture.completedFuture(null);
  }

  private JsonNode send(String method, Map<String, Object> parameters) throws Exception {
    ObjectNode request = JSON.createObjectNode();
    int id = number.incrementAndGet();
    request.put("id", id).put("method", method).set("params", JSON.valueToTree(parameters));
    if (!session.isEmpty()) {
      request.put("sessionId", session);
    }
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    socket.sendText(JSON.writeValueAsString(request), true).get(PATIENCE, TimeUnit.SECONDS);
    return answer.get(PATIENCE, TimeUnit.SECONDS);
  }

  /** Opens a page on a screen of that width and of a light or dark theme. */
  void open(String address, int width, String theme) throws Exception {
    send(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", 900, "deviceScaleFactor", 1, "mobile", width < 600));
    send(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", theme))));
    send("Page.navigate", Map.of("url", address));
  }

  /** The value of an expression in the page. */
  JsonNode value(String expression) throws Exception {
    return send("Runtime.evaluate", Map.of("expression", expression, "returnByValue", true))
        .at("/result/value");
  }

  /** Waits until an expression is true. */
  boolean becomes(String expression) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
    while (System.nanoTime() < end) {
      if (value(expression).asBoolean()) {
        return true;
      }
      Thread.sleep(50);
    }
    return false;
  }

  /** Errors on the console and exceptions so far. */
  List<String> errors() {
    return errors;
  }

  /** Ends the browser and its helpers, which would go on writing to the profile for a while. */
  @Override
  public void close() throws Exception {
    socket.abort();
    List<ProcessHandle> helpers = process.descendants().toList();
    process.destroy();
    if (!process.waitFor(PATIENCE, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    for (ProcessHandle helper : helpers) {
      helper.destroyForcibly();
      helper.onExit().completeOnTimeout(helper, 2, TimeUnit.SECONDS).get(); // may stay a zombie
    }
  }
}
