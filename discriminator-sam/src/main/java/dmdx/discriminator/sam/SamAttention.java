package dmdx.discriminator.sam;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import dmdx.api.network.ParameterSpec.Initial;
import dmdx.api.network.Pass;
import dmdx.nn.layer.Layer;
import dmdx.nn.layer.Linear;
import dmdx.nn.layer.Parameters;
import dmdx.nn.torch.Ops;

/**
 * Self-attention over a square of {@code T x T} positions with decomposed relative positions: the
 * score of query {@code (y, x)} and key {@code (y', x')} is {@code q.k / sqrt(e) + q.Rh[y-y'] +
 * q.Rw[x-x']}.
 *
 * <p>The relative terms are part of the dot product: {@code q/sqrt(e)} is extended by {@code q.Rh}
 * and {@code q.Rw} for every row and column, {@code k} by one-hot codes of its row and column. No
 * {@code [T^2, T^2]} tensor is made, which would take gigabytes at T = 64 in the backward pass.
 *
 * @param name module path: {@code vision_encoder.layers.0.attn}
 * @param width h
 * @param heads H
 * @param side T
 * @param qkv {@code qkv}, split as {@code [3][H][e]}
 * @param proj {@code proj}
 * @param relative whether there are {@code rel_pos_h}, {@code rel_pos_w} {@code [2T-1, e]}
 */
record SamAttention(
    String name, int width, int heads, int side, Linear qkv, Linear proj, boolean relative)
    implements Layer {

  static SamAttention of(String name, SamConfig c, int side) {
    int h = c.hidden();
    return new SamAttention(
        name,
        h,
        c.heads(),
        side,
        c.qkvBias()
            ? Linear.of(name + ".qkv", h, 3 * h)
            : Linear.withoutBias(name + ".qkv", h, 3 * h),
        Linear.of(name + ".proj", h, h),
        c.relativePositions());
  }

  @Override
  public void declare(Parameters parameters) {
    if (relative) {
      long rows = 2L * side - 1;
      parameters.add(name + ".rel_pos_h", new Initial.Zeros(), rows, width / heads);
      parameters.add(name + ".rel_pos_w", new Initial.Zeros(), rows, width / heads);
    }
    parameters.add(qkv, proj);
  }

  /**
   * @param x {@code [B, T, T, h]}
   */
  NDArray forward(Pass pass, NDArray x) {
    long batch = x.getShape().get(0);
    long positions = (long) side * side;
    NDArray[] qkvHeads = new NDArray[3];
    NDArray joint = qkv.forward(pass, x.reshape(batch, positions, width));
    for (int i = 0; i < 3; i++) {
      NDArray part = Ops.slice(joint, 2, (long) i * width, (i + 1L) * width);
      qkvHeads[i] = Ops.splitHeads(part, heads);
    }
    NDArray y =
        relative
            ? relativeAttention(pass, qkvHeads[0], qkvHeads[1], qkvHeads[2])
            : Ops.attention(qkvHeads[0], qkvHeads[1], qkvHeads[2], null, null);
    return proj.forward(pass, Ops.mergeHeads(y)).reshape(x.getShape());
  }

  /** All of q, k, v are {@code [B, H, T^2, e]}. */
  private NDArray relativeAttention(Pass pass, NDArray q, NDArray k, NDArray v) {
    Shape shape = q.getShape();
    long rows = shape.get(0) * shape.get(1);
    long e = shape.get(3);
    NDArray grid = q.reshape(rows, side, side, e);
    // [rows, y, x, e] [y, e, y'] and [rows, x, y, e] [x, e, x']
    NDArray down = grid.matMul(table(pass, ".rel_pos_h", grid));
    NDArray across =
        grid.transpose(0, 2, 1, 3).matMul(table(pass, ".rel_pos_w", grid)).transpose(0, 2, 1, 3);
    Shape extra = new Shape(shape.get(0), shape.get(1), shape.get(2), side);
    NDArray scaled = Ops.times(q, 1 / Math.sqrt((double) e));
    NDArray longQ =
        NDArrays.concat(new NDList(scaled, down.reshape(extra), across.reshape(extra)), -1);
    NDArray codes = Ops.castLike(codes(k), k).broadcast(withLast(shape, 2L * side));
    NDArray longK = NDArrays.concat(new NDList(k, codes), -1);
    // fused kernels want one width for q, k and v
    NDArray longV = Ops.pad(v, 0, 2 * side, 0, 0);
    return Ops.slice(Ops.attention(longQ, longK, longV, null, 1.0), 3, 0, e);
  }

  /** Row {@code a - b + T - 1} of the table for every pair of coordinates: {@code [T, e, T]}. */
  private NDArray table(Pass pass, String parameter, NDArray like) {
    long[] index = new long[side * side];
    for (int a = 0; a < side; a++) {
      for (int b = 0; b < side; b++) {
        index[a * side + b] = (long) a - b + side - 1;
      }
    }
    NDArray indices = Ops.constant(like, index, new Shape(index.length));
    NDArray picked = Ops.indexSelect(pass.weight(name + parameter), 0, indices);
    return picked.reshape(side, side, width / heads).transpose(0, 2, 1);
  }

  /** One-hot row, then one-hot column of every position: {@code [T^2, 2T]}. */
  private NDArray codes(NDArray like) {
    float[] values = new float[side * side * 2 * side];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int row = (y * side + x) * 2 * side;
        values[row + y] = 1;
        values[row + side + x] = 1;
      }
    }
    Shape shape = new Shape((long) side * side, 2L * side);
    return Ops.constant(like, values, shape);
  }

  private static Shape withLast(Shape shape, long last) {
    return new Shape(shape.get(0), shape.get(1), shape.get(2), last);
  }
}
