package dmdx.nn.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/** Prompts as a text encoder takes them. */
public final class TokenIds {
  private TokenIds() {}

  /**
   * @param rows B padded prompts of the same length L
   * @return {@code [B, L]}, int64, in memory that the gradient of the embeddings can keep
   */
  public static NDArray tensor(NDManager manager, long[][] rows) {
    long[] flat = Arrays.stream(rows).flatMapToLong(Arrays::stream).toArray();
    try (NDArray lent = manager.create(flat, new Shape(rows.length, flat.length / rows.length))) {
      return lent.duplicate();
    }
  }

  /** The inverse of {@link #tensor}. */
  public static long[][] rows(NDArray ids) {
    int length = (int) ids.getShape().get(1);
    long[] flat = ids.toLongArray();
    long[][] rows = new long[flat.length / length][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Arrays.copyOfRange(flat, i * length, (i + 1) * length);
    }
    return rows;
  }
}
