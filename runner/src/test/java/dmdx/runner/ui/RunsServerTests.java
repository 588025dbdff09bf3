package dmdx.runner.ui;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.runner.report.SomeRun;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RunsServerTests {
  @TempDir Path folder;
  private Path runs = Path.of("");
  private SomeRun run;
  private RunsServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  @BeforeEach
  void start() throws IOException {
    runs = Files.createDirectories(folder.resolve("runs"));
    run = new SomeRun(runs.resolve("a run")).complete();
    Files.writeString(folder.resolve("secret.png"), "secret");
    server = RunsServer.start(runs, "127.0.0.1", 0);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    HttpRequest request = HttpRequest.newBuilder(URI.create(server.address() + path)).build();
    return client.send(request, HttpResponse.BodyHandlers.ofString());
  }

  private JsonNode json(String path) throws IOException, InterruptedException {
    HttpResponse<String> answer = get(path);
    assertEquals(200, answer.statusCode(), answer::body);
    return new ObjectMapper().readTree(answer.body());
  }

  private static void changed(Path folder, Instant when) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.toList()) {
        Files.setLastModifiedTime(file, FileTime.from(when));
      }
    }
  }

  @Test
  void lists_runs_with_their_state() throws Exception {
    Files.createDirectories(runs.resolve("no run"));
    SomeRun second = new SomeRun(runs.resolve("second"));
    second.append("adp", SomeRun.line("adp", 3, "\"loss/x\": 1"));
    // as texts, the second's time (with a fraction) is before the first's (a whole second)
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    changed(run.folder(), now);
    changed(second.folder(), now.plusMillis(1));
    JsonNode list = json("api/runs");
    assertEquals(2, list.size());
    JsonNode newest = list.get(0);
    assertEquals("second", newest.path("name").asText());
    assertEquals("running", newest.path("state").asText());
    assertEquals(3, newest.path("done").asInt());
    assertEquals(0.25, newest.path("secondsEach").asDouble());
    assertEquals("a run", list.get(1).path("name").asText());
  }

  @Test
  void sends_only_the_lines_that_are_new() throws Exception {
    JsonNode first = json("api/metrics/a%20run/adm?file=&from=0");
    assertEquals(20, first.path("lines").size());
    String since =
        "api/metrics/a%20run/adm?file="
            + java.net.URLEncoder.encode(first.path("file").asText(), StandardCharsets.UTF_8)
            + "&from="
            + first.path("next").asLong();
    assertEquals(0, json(since).path("lines").size());
    String line = SomeRun.line("adm", 42, "\"loss/student\": 2");
    run.append("adm", line.substring(0, 30));
    assertEquals(0, json(since).path("lines").size(), "half a line waits for its end");
    run.append("adm", line.substring(30));
    JsonNode next = json(since);
    assertEquals(42, next.at("/lines/0/iteration").asInt());
    assertFalse(next.path("restart").asBoolean());
    assertEquals(42, json("api/run/a%20run").at("/stages/2/done").asInt());
  }

  @Test
  void serves_the_page_the_report_and_pictures() throws Exception {
    for (String page : List.of("", "run/a%20run", "compare?a=a%20run&b=x", "report/a%20run")) {
      HttpResponse<String> answer = get(page);
      assertEquals(200, answer.statusCode(), page);
      assertTrue(answer.body().startsWith("<!doctype html>"), page);
    }
    HttpResponse<String> picture = get("files/a%20run/adm/samples/00000020.png");
    assertEquals(200, picture.statusCode());
    assertEquals("image/png", picture.headers().firstValue("Content-Type").orElseThrow());
    assertFalse(Files.exists(run.folder().resolve("report.html")), "a server writes nothing");
  }

  private HttpResponse<String> picture(String method, String... headers) throws Exception {
    Files.writeString(run.folder().resolve("some.mp4"), "0123456789");
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(server.address() + "files/a%20run/some.mp4"))
            .method(method, HttpRequest.BodyPublishers.noBody());
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private static String header(HttpResponse<String> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }

  @ParameterizedTest
  @CsvSource({
    "bytes=0-0, 0, 0-0/10",
    "bytes=2-5, 2345, 2-5/10",
    "bytes=7-, 789, 7-9/10",
    "bytes=7-999, 789, 7-9/10",
    "bytes=-3, 789, 7-9/10",
    "bytes=-99, 0123456789, 0-9/10",
  })
  void sends_the_bytes_that_are_asked_for(String range, String bytes, String where)
      throws Exception {
    HttpResponse<String> answer = picture("GET", "Range", range);
    assertEquals(206, answer.statusCode());
    assertEquals(bytes, answer.body());
    assertEquals("bytes " + where, header(answer, "Content-Range"));
    assertEquals("video/mp4", header(answer, "Content-Type"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=10-", "bytes=10-12", "bytes=-0"})
  void refuses_bytes_that_are_not_there(String range) throws Exception {
    HttpResponse<String> answer = picture("GET", "Range", range);
    assertEquals(416, answer.statusCode());
    assertEquals("bytes */10", header(answer, "Content-Range"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bytes=5-2", "bytes=-", "bytes=0-1,4-5", "lines=0-1", "bytes=x-2"})
  void sends_all_where_no_range_is_asked_for(String range) throws Exception {
    HttpResponse<String> answer = picture("GET", "Range", range);
    assertEquals(200, answer.statusCode());
    assertEquals("0123456789", answer.body());
  }

  @Test
  void a_head_request_tells_the_length_and_that_ranges_are_known() throws Exception {
    for (HttpResponse<String> answer :
        List.of(picture("HEAD"), picture("HEAD", "Range", "bytes=2-5"))) {
      assertEquals(200, answer.statusCode());
      assertEquals("10", header(answer, "Content-Length"));
      assertEquals("bytes", header(answer, "Accept-Ranges"));
      assertEquals("", answer.body());
    }
    assertEquals(200, picture("GET", "Range", "bytes=2-5", "If-Range", "\"x\"").statusCode());
  }

  @Test
  void sends_a_file_of_many_pieces() throws Exception {
    byte[] content = new byte[200_001];
    new java.util.Random(1).nextBytes(content);
    Files.write(run.folder().resolve("long.mp4"), content);
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.address() + "files/a%20run/long.mp4"))
            .header("Range", "bytes=1-200000")
            .build();
    byte[] sent = client.send(request, HttpResponse.BodyHandlers.ofByteArray()).body();
    assertArrayEquals(java.util.Arrays.copyOfRange(content, 1, 200_001), sent);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nothing",
        "run",
        "run/",
        "run/none",
        "run/no%20run",
        "run/..",
        "api",
        "api/run/none",
        "api/metrics/a%20run/none",
        "api/metrics/a%20run/..",
        "api/metrics/a%20run/%2e%2e%2f",
        "report/none",
        "files/a%20run/none.png",
        "files/a%20run/config.conf",
        "files/a%20run/adm/metrics.jsonl",
        "files/a%20run",
        "files/none/x.png",
      })
  void what_is_not_there_is_not_found(String path) throws Exception {
    assertEquals(404, get(path).statusCode());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/files/../secret.png",
        "/files/a%20run/../../secret.png",
        "/files/a%20run/%2e%2e/%2e%2e/secret.png",
        "/files/a%20run/..%2f..%2fsecret.png",
        "/files/a%20run%2f..%2f..%2fsecret.png",
        "/files/a%20run//secret.png",
        "/files/a%20run/link.png",
        "/files/a%20run/%00.png",
        "/api/metrics/a%20run/..%2f..%2f",
        "/run/..%2f..",
        "/run/%00",
      })
  void nothing_outside_the_folder_is_read(String path) throws Exception {
    Files.createSymbolicLink(run.folder().resolve("link.png"), folder.resolve("secret.png"));
    String answer =
        raw("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assertTrue(answer.startsWith("HTTP/1.1 404") || answer.startsWith("HTTP/1.1 400"), answer);
    assertFalse(answer.contains("secret\n"), answer);
  }

  @Test
  void answers_to_its_own_names_alone_and_changes_nothing() throws Exception {
    String other = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assertTrue(raw(other).startsWith("HTTP/1.1 403"));
    HttpRequest post =
        HttpRequest.newBuilder(URI.create(server.address() + "api/runs"))
            .POST(HttpRequest.BodyPublishers.ofString("x"))
            .build();
    assertEquals(405, client.send(post, HttpResponse.BodyHandlers.discarding()).statusCode());
    HttpRequest head =
        HttpRequest.newBuilder(URI.create(server.address()))
            .method("HEAD", HttpRequest.BodyPublishers.noBody())
            .build();
    assertEquals(200, client.send(head, HttpResponse.BodyHandlers.discarding()).statusCode());
  }

  /** Sends a request as it is: a client would tidy its path. */
  private String raw(String request) throws IOException {
    URI address = URI.create(server.address());
    try (Socket socket = new Socket(address.getHost(), address.getPort());
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream()) {
      out.write(request.getBytes(StandardCharsets.US_ASCII));
      out.flush();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  @Test
  void reads_without_writing() throws Exception {
    List<String> before = files();
    get("api/runs");
    get("api/run/a%20run");
    get("report/a%20run");
    assertEquals(before, files());
  }

  private List<String> files() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.map(Path::toString).sorted().toList();
    }
  }

  @Test
  void says_which_address_or_folder_is_wrong() {
    int taken = URI.create(server.address()).getPort();
    Exception port =
        assertThrows(
            java.io.UncheckedIOException.class,
            () -> RunsServer.start(runs, "127.0.0.1", taken).close());
    assertTrue(port.getMessage().contains("port " + taken), port::getMessage);
    Exception missing =
        assertThrows(
            IllegalArgumentException.class,
            () -> RunsServer.start(runs.resolve("x"), "127.0.0.1", 0).close());
    assertTrue(missing.getMessage().contains("no such folder"), missing::getMessage);
  }
}
