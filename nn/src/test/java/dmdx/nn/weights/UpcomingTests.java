package dmdx.nn.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UpcomingTests {
  /** So large that two are kept on their way. */
  private static final long BYTES = Upcoming.AHEAD / 2;

  private final List<String> brought = new ArrayList<>();
  private final Upcoming upcoming = new Upcoming(weights(), brought::add);

  private static Map<String, Long> weights() {
    Map<String, Long> weights = new LinkedHashMap<>();
    IntStream.range(0, 12).forEach(i -> weights.put("w" + i, BYTES));
    return weights;
  }

  private List<String> broughtAfter(String... asked) {
    brought.clear();
    for (String name : asked) {
      upcoming.asked(name);
    }
    return List.copyOf(brought);
  }

  @Test
  void what_follows_in_the_order_is_brought_once() {
    assertEquals(List.of("w1", "w2"), broughtAfter("w0"));
    assertEquals(List.of("w3"), broughtAfter("w1"));
    assertEquals(List.of(), broughtAfter("w1", "w0"), "asked for again");
    assertEquals(List.of("w5", "w6"), broughtAfter("w4"), "two were left out");
    assertEquals(List.of("w7"), broughtAfter("w5"));
  }

  @Test
  void the_end_is_the_end_and_another_pass_begins_at_the_front() {
    assertEquals(List.of("w11"), broughtAfter("w10", "w11"));
    assertEquals(List.of("w1", "w2"), broughtAfter("w0"));
  }

  @Test
  void a_pass_backwards_says_what_it_needs() {
    upcoming.expect(List.of("w8", "w9", "another network's"));
    assertEquals(List.of("w8", "w9"), brought);
    upcoming.expect(List.of("w6", "w7"));
    assertEquals(List.of(), broughtAfter("w8", "w9", "w6", "w7"), "nothing after them is next");
    upcoming.expect(List.of("w4", "w5"));
    upcoming.expect(List.of());
    assertEquals(List.of("w7", "w8"), broughtAfter("w6"), "but now it is");
  }

  @Test
  void unknown_weights_are_left_alone() {
    assertEquals(List.of(), broughtAfter("another network's"));
  }
}
