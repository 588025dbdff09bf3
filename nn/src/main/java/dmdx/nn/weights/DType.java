package dmdx.nn.weights;

import ai.djl.ndarray.types.DataType;
import dmdx.api.Precision;

/**
 * An element type of the safetensors format, under the name it has there. Numbers are little
 * endian.
 */
public enum DType {
  F64(8, DataType.FLOAT64, DataType.FLOAT64),
  F32(4, DataType.FLOAT32, DataType.FLOAT32),
  /** IEEE half precision. */
  F16(2, DataType.FLOAT16, DataType.FLOAT32),
  /** The upper half of a float32. */
  BF16(2, DataType.BFLOAT16, DataType.FLOAT32),
  I64(8, DataType.INT64, DataType.INT64),
  I32(4, DataType.INT32, DataType.INT32),
  I8(1, DataType.INT8, DataType.INT8),
  U8(1, DataType.UINT8, DataType.UINT8),
  /** One byte, 0 or 1. */
  BOOL(1, DataType.BOOLEAN, DataType.BOOLEAN);

  private final int bytes;
  private final DataType stored;
  private final DataType inMemory;

  DType(int bytes, DataType stored, DataType inMemory) {
    this.bytes = bytes;
    this.stored = stored;
    this.inMemory = inMemory;
  }

  /** Size of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether elements are floating-point numbers. */
  public boolean isFloat() {
    return stored.isFloating() || this == F16 || this == BF16;
  }

  /** The tensor type with the same bits. */
  DataType stored() {
    return stored;
  }

  /** The tensor type {@link SafetensorsFile#read} gives. */
  DataType inMemory() {
    return inMemory;
  }

  /** What weights of that precision are stored as. */
  public static DType of(Precision precision) {
    return switch (precision) {
      case FP32 -> F32;
      case FP16 -> F16;
      case BF16 -> BF16;
    };
  }

  /**
   * The type with the bits of {@code type}.
   *
   * @throws IllegalArgumentException if the format has none
   */
  static DType of(DataType type) {
    for (DType candidate : values()) {
      if (candidate.stored == type) {
        return candidate;
      }
    }
    throw new IllegalArgumentException("safetensors files cannot hold tensors of type " + type);
  }
}
