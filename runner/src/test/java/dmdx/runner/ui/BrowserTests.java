package dmdx.runner.ui;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dmdx.runner.report.RunReport;
import dmdx.runner.report.SomeRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pages in a real browser, where there is one. */
class BrowserTests {
  /** How many charts have drawn at least one pixel. */
  private static final String DRAWN =
      """
      [...document.querySelectorAll('canvas')].filter(c => c.width > 0 && c.getContext('2d')
        .getImageData(0, 0, c.width, c.height).data.some(v => v !== 0)).length
      """;

  private static final String WIDER_THAN_SCREEN =
      "document.documentElement.scrollWidth > document.documentElement.clientWidth";

  @TempDir Path folder;

  private Browser browser() throws Exception {
    Optional<Path> program = Browser.find();
    assumeTrue(program.isPresent(), "no Chromium on this machine");
    return new Browser(program.get(), Files.createDirectories(folder.resolve("profile")));
  }

  @Test
  void a_report_draws_its_curves_in_light_and_dark_on_any_screen() throws Exception {
    try (Browser browser = browser()) {
      SomeRun run = new SomeRun(folder.resolve("run")).complete();
      String address = RunReport.write(run.folder()).toUri().toString();
      for (String theme : List.of("light", "dark")) {
        for (int width : new int[] {1280, 390}) {
          browser.open(address, width, theme);
          // losses, margin, DMD loss is NaN throughout, own/thing, seconds
          assertTrue(browser.becomes(DRAWN + "== 4"), () -> theme + width);
          assertEquals(theme, browser.value("document.documentElement.dataset.theme").asText());
          assertTrue(!browser.value(WIDER_THAN_SCREEN).asBoolean(), () -> "wider than " + width);
        }
      }
      browser.value("document.querySelector('#curves .choice button').click()");
      assertTrue(browser.becomes(DRAWN + "== 2"), "the other stage's curves");
      browser.value("document.querySelector('header .push button:last-child').click()");
      assertEquals("light", browser.value("document.documentElement.dataset.theme").asText());
      assertTrue(
          browser
              .value("document.querySelector('#configuration').textContent")
              .asText()
              .contains("</script><script>alert("));
      String facts = browser.value("document.querySelector('.facts').textContent").asText();
      assertTrue(
          facts.contains(
              "divergence admobjective hingelatent heads convpixel discriminator sam, mlp heads"),
          facts);
      assertEquals(
          "0.750 to 0.860",
          browser.value("[...document.querySelectorAll('.interval')].pop().textContent").asText());
      assertFalse(
          browser
              .value("[...document.querySelectorAll('th')].some(h => h.textContent == 'intervals')")
              .asBoolean());
      assertEquals(List.of(), browser.errors());
    }
  }

  @Test
  void a_live_page_grows_with_its_run() throws Exception {
    try (Browser browser = browser()) {
      Path runs = folder.resolve("runs");
      SomeRun run = new SomeRun(runs.resolve("a \"run\"")).complete();
      new SomeRun(runs.resolve("other")).complete();
      try (RunsServer server = RunsServer.start(runs, "127.0.0.1", 0)) {
        browser.open(server.address(), 1280, "light");
        assertTrue(browser.becomes("document.querySelectorAll('tbody tr').length == 2"));
        browser.value("document.querySelectorAll('tbody a')[1].click()");
        browser.open(server.address() + "run/a%20%22run%22", 1280, "dark");
        assertTrue(browser.becomes(DRAWN + "== 4"));
        assertTrue(browser.becomes("document.querySelector('.at').textContent == 'iteration 40'"));
        run.append("adm", SomeRun.line("adm", 60, "\"loss/student\": 1"));
        run.picture("adm/samples/00000060.png");
        assertTrue(browser.becomes("document.querySelector('.at').textContent == 'iteration 60'"));
        assertTrue(
            browser.becomes(
                "document.querySelector('#samples output').textContent == 'iteration 60'"));
        browser.open(server.address() + "compare?a=other&b=a%20%22run%22", 390, "light");
        assertTrue(browser.becomes(DRAWN + "== 4"));
        assertTrue(browser.becomes("document.querySelectorAll('#samples figure').length == 2"));
        assertEquals(List.of(), browser.errors());
      }
    }
  }
}
