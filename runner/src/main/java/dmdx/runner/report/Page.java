package dmdx.runner.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dmdx.runner.checkpoint.Folders;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;

/**
 * The one page that shows runs, complete in itself. Its script draws what it is given as JSON, here
 * or by a server, and makes text of every value; a content security policy lets no other script run
 * and nothing be fetched from elsewhere.
 */
public final class Page {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String STYLE = resource("uplot/uPlot.min.css") + resource("page.css");
  private static final String SCRIPT =
      "/*!\n%s*/\n".formatted(resource("uplot/LICENSE"))
          + resource("uplot/uPlot.iife.min.js")
          + resource("page.js");

  private Page() {}

  /** With a run's data inside; needs no network. */
  static String report(String title, JsonNode data) {
    return page(title, data, "img-src data:");
  }

  /** That asks its own server for data. */
  public static String live() {
    return page("dmdx", JSON.nullNode(), "img-src 'self' data:; connect-src 'self'");
  }

  private static String page(String title, JsonNode data, String sources) {
    String policy =
        "default-src 'none'; %s; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'"
            .formatted(sources, hash(STYLE), hash(SCRIPT));
    return """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="%s">
        <link rel="icon" href="data:,">
        <title>%s</title>
        <style>%s</style>
        </head>
        <body>
        <noscript>This page draws with JavaScript, which is off in this browser.</noscript>
        <div id="page"></div>
        <script type="application/json" id="data">%s</script>
        <script>%s</script>
        </body>
        </html>
        """
        .formatted(policy, escaped(title), STYLE, json(data), SCRIPT);
  }

  /** Text as HTML shows it. */
  static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }

  /** JSON that no text in it can end: brackets occur in texts alone. */
  private static String json(JsonNode data) {
    try {
      return JSON.writeValueAsString(data)
          .replace("&", "\\u0026")
          .replace("<", "\\u003c")
          .replace(">", "\\u003e");
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hash(String text) {
    byte[] sha256 = HexFormat.of().parseHex(Folders.sha256(text.getBytes(StandardCharsets.UTF_8)));
    return "sha256-" + Base64.getEncoder().encodeToString(sha256);
  }

  private static String resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("resource %s is missing".formatted(name));
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
