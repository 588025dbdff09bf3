package dmdx.nn.weights;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code torch.save} pickled (protocol 2): maps, lists, tuples, texts, numbers and where
 * tensors are. No class is loaded and no code is run: objects of other classes become {@link
 * Other}.
 */
final class TorchPickle {
  private final DataInputStream in;
  private final List<@Nullable Object> stack = new ArrayList<>();
  private final List<Integer> marks = new ArrayList<>();
  private final Map<Integer, @Nullable Object> memo = new HashMap<>();

  /** A class or function by its name, such as {@code torch.FloatStorage}. */
  record Global(String name) {}

  /** An object that this reader does not know. */
  record Other(Object type) {}

  /**
   * A piece of memory.
   *
   * @param type class of the storage, such as {@code torch.HalfStorage}
   * @param key its name in the file
   * @param elements how many it holds
   */
  record Storage(String type, String key, long elements) {}

  /**
   * A tensor in a storage.
   *
   * @param offset of its first element, in elements
   */
  record Tensor(Storage storage, long offset, long[] shape, long[] strides) {}

  private TorchPickle(InputStream in) {
    this.in = new DataInputStream(in);
  }

  /**
   * Reads one object and stops behind it.
   *
   * @throws IOException if this is no such pickle
   */
  static @Nullable Object read(InputStream in) throws IOException {
    try {
      return new TorchPickle(in).run();
    } catch (IndexOutOfBoundsException | ClassCastException | NullPointerException e) {
      throw new IOException("the pickle is damaged", e);
    }
  }

  private @Nullable Object run() throws IOException {
    while (true) {
      int code = in.readUnsignedByte();
      switch (code) {
        case '.' -> {
          return pop();
        }
        case 0x80 -> in.readUnsignedByte(); // protocol
        case '(' -> marks.add(stack.size());
        case '}' -> push(new LinkedHashMap<@Nullable Object, @Nullable Object>());
        case ']' -> push(new ArrayList<@Nullable Object>());
        case ')' -> push(List.of());
        case 't' -> push(sinceMark());
        case 0x85, 0x86, 0x87 -> push(last(code - 0x84));
        case 'q' -> memo.put(in.readUnsignedByte(), top());
        case 'r' -> memo.put(int32(), top());
        case 'h' -> push(memo.get(in.readUnsignedByte()));
        case 'j' -> push(memo.get(int32()));
        case 'X' -> push(new String(in.readNBytes(int32()), StandardCharsets.UTF_8));
        case 'c' -> push(new Global(line() + "." + line()));
        case 'K' -> push((long) in.readUnsignedByte());
        case 'M' -> push((long) (in.readUnsignedByte() | in.readUnsignedByte() << 8));
        case 'J' -> push((long) int32());
        case 0x8a -> push(longNumber());
        case 'G' -> push(in.readDouble());
        case 'N' -> push(null);
        case 0x88 -> push(true);
        case 0x89 -> push(false);
        case 's' -> setItems(last(2));
        case 'u' -> setItems(sinceMark());
        case 'a' -> append(last(1));
        case 'e' -> append(sinceMark());
        case 'Q' -> push(storage((List<?>) present(pop())));
        case 'R' -> call(present(last(2)));
        case 0x81 -> push(new Other(present(last(2).get(0))));
        case 'b' -> pop(); // the state of an object, such as the metadata of a state_dict
        default -> throw new IOException("the pickle has the unknown code 0x%02x".formatted(code));
      }
    }
  }

  private void push(@Nullable Object value) {
    stack.add(value);
  }

  private @Nullable Object pop() {
    return stack.remove(stack.size() - 1);
  }

  private @Nullable Object top() {
    return stack.get(stack.size() - 1);
  }

  private static Object present(@Nullable Object value) {
    return java.util.Objects.requireNonNull(value);
  }

  private List<@Nullable Object> last(int count) {
    return takenFrom(stack.size() - count);
  }

  private List<@Nullable Object> sinceMark() {
    return takenFrom(marks.remove(marks.size() - 1));
  }

  private List<@Nullable Object> takenFrom(int index) {
    List<@Nullable Object> tail = stack.subList(index, stack.size());
    List<@Nullable Object> taken = Collections.unmodifiableList(new ArrayList<>(tail));
    tail.clear();
    return taken;
  }

  private int int32() throws IOException {
    return Integer.reverseBytes(in.readInt());
  }

  private long longNumber() throws IOException {
    byte[] little = in.readNBytes(in.readUnsignedByte());
    byte[] big = new byte[little.length + 1];
    for (int i = 0; i < little.length; i++) {
      big[big.length - 1 - i] = little[i];
    }
    big[0] = (byte) (little.length > 0 && little[little.length - 1] < 0 ? -1 : 0);
    return new BigInteger(big).longValue();
  }

  private String line() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int c = in.readUnsignedByte(); c != '\n'; c = in.readUnsignedByte()) {
      text.append((char) c);
    }
    return text.toString();
  }

  @SuppressWarnings("unchecked") // maps and lists here are this reader's own
  private void setItems(List<@Nullable Object> items) {
    if (top() instanceof Map<?, ?> map) {
      for (int i = 0; i < items.size(); i += 2) {
        ((Map<@Nullable Object, @Nullable Object>) map).put(items.get(i), items.get(i + 1));
      }
    }
  }

  @SuppressWarnings("unchecked") // see above
  private void append(List<@Nullable Object> items) {
    if (top() instanceof List<?> list) {
      ((List<@Nullable Object>) list).addAll(items);
    }
  }

  /** {@code ("storage", class, key, device, elements, …)}. */
  private static Storage storage(List<?> id) {
    return new Storage(((Global) id.get(1)).name(), (String) id.get(2), (Long) id.get(4));
  }

  private void call(Object functionAndArguments) {
    List<?> pair = (List<?>) functionAndArguments;
    List<?> arguments = (List<?>) pair.get(1);
    String name = pair.get(0) instanceof Global global ? global.name() : "";
    push(
        switch (name) {
          case "collections.OrderedDict" -> new LinkedHashMap<@Nullable Object, @Nullable Object>();
          case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor" ->
              new Tensor(
                  (Storage) arguments.get(0),
                  (Long) arguments.get(1),
                  longs(arguments.get(2)),
                  longs(arguments.get(3)));
          case "torch._utils._rebuild_parameter" -> arguments.get(0);
          default -> new Other(name);
        });
  }

  private static long[] longs(Object list) {
    return ((List<?>) list).stream().mapToLong(n -> (Long) n).toArray();
  }
}
