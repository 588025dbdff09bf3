package dmdx.api.network;

import ai.djl.ndarray.NDArray;

/**
 * A weight in parts: {@code W = base + scale up down}. A layer that applies the parts one after the
 * other never needs W itself.
 *
 * @param base {@code [out, in, k, …]}, the weight without its delta
 * @param down {@code [r, in, k, …]}, often called A
 * @param up {@code [out, r, 1, …]}, often called B
 * @param scale factor of the delta
 */
public record LowRank(NDArray base, NDArray down, NDArray up, double scale) {}
