package dmdx.api;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The floating-point format weights are saved in. */
public enum Precision {
  FP32,
  FP16,
  BF16;

  /** The names configurations use: {@code fp32}, {@code fp16}, {@code bf16}. */
  public static List<String> names() {
    return Arrays.stream(values()).map(p -> p.name().toLowerCase(Locale.ROOT)).toList();
  }

  /** The precision of that name. */
  public static Precision of(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }
}
