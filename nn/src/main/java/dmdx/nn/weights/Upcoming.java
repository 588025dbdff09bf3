package dmdx.nn.weights;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Has weights that lie far away brought nearer before they are asked for. In a forward pass those
 * are the ones that follow in the network's order; a backward pass, which takes blocks from the
 * last to the first, says itself which.
 */
final class Upcoming {
  /** Bytes that are kept on their way: more than the largest block of the networks at hand has. */
  static final long AHEAD = 256L << 20;

  private final List<String> order;
  private final Map<String, Integer> places = new HashMap<>();
  private final long[] begins;
  private final Consumer<String> bring;
  private Set<String> announced = Set.of();
  private Set<String> announcedBefore = Set.of();
  private int next;

  /**
   * @param bytes of each weight, in the network's order
   * @param bring begins to bring a weight
   */
  Upcoming(Map<String, Long> bytes, Consumer<String> bring) {
    this.bring = bring;
    order = List.copyOf(bytes.keySet());
    begins = new long[order.size() + 1];
    for (Map.Entry<String, Long> weight : bytes.entrySet()) {
      int place = places.size();
      places.put(weight.getKey(), place);
      begins[place + 1] = begins[place] + weight.getValue();
    }
  }

  /** A weight is asked for: those that follow are likely to be next. */
  void asked(String name) {
    Integer place = places.get(name);
    if (place == null || announced.contains(name) || announcedBefore.contains(name)) {
      return;
    }
    int following = place + 1;
    boolean startedAnew = begins[next] > begins[following] + 2 * AHEAD;
    next = startedAnew ? following : Math.max(next, following);
    while (next < order.size() && begins[next] < begins[following] + AHEAD) {
      bring.accept(order.get(next++));
    }
  }

  /** These are asked for next; what follows them is not. */
  void expect(Collection<String> names) {
    announcedBefore = announced;
    announced = Set.copyOf(names);
    names.stream().filter(places::containsKey).forEach(bring);
  }
}
