package dmdx.api;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A floating-point format: what networks compute in, and what weights are saved in. */
public enum Precision {
  FP32,
  /** IEEE half precision: up to 65504, 11 bits of mantissa. */
  FP16,
  /** The upper half of a float32: its range, 8 bits of mantissa. */
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
