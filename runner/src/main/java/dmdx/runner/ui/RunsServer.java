package dmdx.runner.ui;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dmdx.runner.report.MetricsLog;
import dmdx.runner.report.MetricsPiece;
import dmdx.runner.report.Page;
import dmdx.runner.report.RunFolder;
import dmdx.runner.report.RunReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves the runs of a folder to browsers. Nothing is written, and nothing outside the folder is
 * read, through links neither.
 *
 * <pre>
 * GET /, /run/NAME, /compare?a=NAME&amp;b=NAME   the page
 * GET /report/NAME                            the run's report, made for this request
 * GET /api/runs                               summaries, the newest first
 * GET /api/run/NAME                           a run without its metrics
 * GET /api/metrics/NAME/STAGE?file=&amp;from=     the lines since the piece before: {@link MetricsPiece}
 * GET /files/NAME/…                           a picture or video, or a range of its bytes
 * </pre>
 *
 * <p>A server on a loopback address answers only requests made to a loopback name: a page of
 * another site cannot read from it by pointing its own name here.
 */
public final class RunsServer implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RunsServer.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Comparator<ObjectNode> LATEST_FIRST =
      Comparator.comparing(RunsServer::updated)
          .reversed()
          .thenComparing(run -> run.path("name").asText());
  private static final int THREADS = 4;
  private static final String HTML = "text/html; charset=utf-8";
  private static final Map<String, String> FILES =
      Map.of("png", "image/png", "mp4", "video/mp4", "jpg", "image/jpeg");

  private final Path root;
  private final HttpServer server;
  private final ExecutorService threads;

  private RunsServer(Path root, HttpServer server) {
    this.root = root;
    this.server = server;
    threads =
        Executors.newFixedThreadPool(
            THREADS,
            work -> {
              Thread thread = new Thread(work, "ui");
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * @param runs folder with run folders in it
   * @param host name or address to listen on
   * @param port TCP port, or 0 for any free one
   * @throws IllegalArgumentException if there is no such folder
   * @throws UncheckedIOException if the address cannot be used
   */
  public static RunsServer start(Path runs, String host, int port) {
    if (!Files.isDirectory(runs)) {
      throw new IllegalArgumentException(
          runs + ": no such folder. Give the folder that runs are in.");
    }
    try {
      RunsServer ui =
          new RunsServer(
              runs.toRealPath(),
              HttpServer.create(new InetSocketAddress(InetAddress.getByName(host), port), 0));
      ui.server.createContext("/", ui::handle);
      ui.server.setExecutor(ui.threads);
      ui.server.start();
      return ui;
    } catch (IOException e) {
      throw new UncheckedIOException(
          "%s port %d cannot be listened on. Give another --port, or 0 for any free one"
              .formatted(host, port),
          e);
    }
  }

  /** Where a browser finds it. */
  public String address() {
    String host = server.getAddress().getAddress().getHostAddress();
    return "http://%s:%d/"
        .formatted(host.contains(":") ? "[" + host + "]" : host, server.getAddress().getPort());
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  /** What is sent back. */
  private record Answer(int status, String type, Body body, Map<String, String> headers) {
    private static Answer whole(int status, String type, byte[] body) {
      return new Answer(status, type, new Body.Bytes(body), Map.of());
    }

    static Answer text(int status, String text) {
      return whole(status, "text/plain; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    static Answer json(JsonNode node) throws IOException {
      return whole(200, "application/json", JSON.writeValueAsBytes(node));
    }

    static Answer html(String html) {
      return whole(200, HTML, html.getBytes(StandardCharsets.UTF_8));
    }

    static Answer missing(String what) {
      return text(404, what + ": not found\n");
    }
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Answer answer;
      try {
        answer = answer(exchange);
      } catch (IOException | RuntimeException e) {
        LOG.warn("{}: {}", exchange.getRequestURI(), e.toString());
        answer = Answer.text(500, "this could not be read; see the terminal\n");
      }
      try (Body body = answer.body()) {
        send(exchange, answer, body);
      }
    }
  }

  private static void send(HttpExchange exchange, Answer answer, Body body) throws IOException {
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", answer.type());
    headers.set("Cache-Control", "no-cache");
    headers.set("X-Content-Type-Options", "nosniff");
    answer.headers().forEach(headers::set);
    if (exchange.getRequestMethod().equals("HEAD")) {
      headers.set("Content-Length", "" + body.length());
      exchange.sendResponseHeaders(answer.status(), -1);
      return;
    }
    // 0 would mean a length that is not known yet
    exchange.sendResponseHeaders(answer.status(), body.length() == 0 ? -1 : body.length());
    body.writeTo(exchange.getResponseBody());
  }

  private Answer answer(HttpExchange exchange) throws IOException {
    if (!isForThisServer(exchange)) {
      return Answer.text(403, "this server answers to its loopback address alone\n");
    }
    if (!List.of("GET", "HEAD").contains(exchange.getRequestMethod())) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      return Answer.text(405, "only GET and HEAD\n");
    }
    List<String> path =
        Stream.of(exchange.getRequestURI().getRawPath().substring(1).split("/", -1))
            .map(RunsServer::decoded)
            .toList();
    if (path.stream().anyMatch(part -> part.indexOf(0) >= 0)) {
      return Answer.missing("this");
    }
    Map<String, String> query = query(exchange.getRequestURI().getRawQuery());
    return switch (path.get(0)) {
      case "", "compare" ->
          path.size() == 1 ? Answer.html(Page.live()) : Answer.missing(path.get(0));
      case "run" -> run(path) == null ? Answer.missing("run") : Answer.html(Page.live());
      case "report" -> report(path);
      case "api" -> api(path.subList(1, path.size()), query);
      case "files" -> file(path.subList(1, path.size()), range(exchange));
      default -> Answer.missing(path.get(0));
    };
  }

  private boolean isForThisServer(HttpExchange exchange) {
    if (!server.getAddress().getAddress().isLoopbackAddress()) {
      return true;
    }
    String asked = exchange.getRequestHeaders().getFirst("Host");
    String name = asked == null ? "" : asked.replaceFirst(":\\d+$", "");
    return List.of("localhost", "[::1]").contains(name)
        || name.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
  }

  private static String decoded(String part) {
    return URLDecoder.decode(part.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  private static Map<String, String> query(@Nullable String raw) {
    Map<String, String> query = new HashMap<>();
    for (String pair : raw == null ? new String[0] : raw.split("&", -1)) {
      String[] parts = pair.split("=", 2);
      query.put(decoded(parts[0]), parts.length < 2 ? "" : decoded(parts[1]));
    }
    return query;
  }

  private Answer api(List<String> path, Map<String, String> query) throws IOException {
    if (path.equals(List.of("runs"))) {
      return Answer.json(runs());
    }
    Path folder = run(path);
    if (folder == null) {
      return Answer.missing("run");
    }
    if (path.get(0).equals("run") && path.size() == 2) {
      return Answer.json(new RunFolder(folder).describe());
    }
    if (path.get(0).equals("metrics") && path.size() == 3) {
      Path metrics = inside(Path.of(path.get(1), path.get(2), MetricsLog.FILE));
      if (metrics != null) {
        long from = number(query.getOrDefault("from", ""));
        MetricsPiece piece = MetricsPiece.read(metrics, query.getOrDefault("file", ""), from);
        return Answer.json(piece.json());
      }
    }
    return Answer.missing(path.get(0));
  }

  private static long number(String text) {
    return text.matches("\\d{1,18}") ? Long.parseLong(text) : 0;
  }

  private static Instant updated(ObjectNode run) {
    return run.has("updated") ? Instant.parse(run.get("updated").asText()) : Instant.MIN;
  }

  private ArrayNode runs() throws IOException {
    ArrayNode runs = JSON.createArrayNode();
    try (Stream<Path> entries = Files.list(root)) {
      entries
          .filter(entry -> run(List.of("run", entry.getFileName().toString())) != null)
          .map(entry -> new RunFolder(entry).summary())
          .sorted(LATEST_FIRST)
          .forEach(runs::add);
    }
    return runs;
  }

  private Answer report(List<String> path) {
    Path folder = path.size() == 2 ? run(path) : null;
    return folder == null ? Answer.missing("run") : Answer.html(RunReport.html(folder));
  }

  /** Ranges are defined for GET alone; a file here has no version that one could depend on. */
  private static @Nullable String range(HttpExchange exchange) {
    Headers asked = exchange.getRequestHeaders();
    return exchange.getRequestMethod().equals("GET") && !asked.containsKey("If-Range")
        ? asked.getFirst("Range")
        : null;
  }

  private Answer file(List<String> path, @Nullable String range) throws IOException {
    if (path.size() < 2) {
      return Answer.missing("file");
    }
    String last = path.get(path.size() - 1);
    String type = FILES.get(last.substring(last.lastIndexOf('.') + 1));
    Path file =
        type == null || run(Stream.concat(Stream.of("run"), path.stream()).toList()) == null
            ? null
            : inside(Path.of("", path.toArray(String[]::new)));
    return file == null || type == null ? Answer.missing("file") : part(file, type, range);
  }

  private static Answer part(Path path, String type, @Nullable String asked) throws IOException {
    FileChannel file = FileChannel.open(path);
    try {
      long size = file.size();
      ByteRange range = ByteRange.of(asked, size);
      if (range == null) {
        return new Answer(
            200, type, new Body.Part(file, 0, size), Map.of("Accept-Ranges", "bytes"));
      }
      if (range.length() == 0) {
        file.close();
        return new Answer(
            416,
            "text/plain; charset=utf-8",
            new Body.Bytes(new byte[0]),
            Map.of("Content-Range", "bytes */" + size));
      }
      long last = range.from() + range.length() - 1;
      return new Answer(
          206,
          type,
          new Body.Part(file, range.from(), range.length()),
          Map.of("Content-Range", "bytes %d-%d/%d".formatted(range.from(), last, size)));
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** The folder of the run that the second part names; {@code null} if there is none. */
  private @Nullable Path run(List<String> path) {
    if (path.size() < 2) {
      return null;
    }
    Path folder = inside(Path.of(path.get(1)));
    return folder == null || folder.equals(root) || !RunFolder.isRun(folder) ? null : folder;
  }

  /** What exists at a path within the folder of runs, links followed; {@code null} else. */
  private @Nullable Path inside(Path relative) {
    boolean plain =
        Stream.of(relative.toString().split("/", -1))
            .noneMatch(part -> part.isEmpty() || part.startsWith("."));
    try {
      Path real = root.resolve(relative).toRealPath();
      return plain && !relative.isAbsolute() && real.startsWith(root) ? real : null;
    } catch (IOException e) {
      return null;
    }
  }
}
