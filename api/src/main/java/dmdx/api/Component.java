package dmdx.api;

import dmdx.api.network.Network;
import dmdx.api.network.Weights;

/**
 * One network of a checkpoint with its frozen weights.
 *
 * @param name folder name in the checkpoint: {@code unet}, {@code vae}, {@code text_encoder}, …
 * @param network the architecture
 * @param weights the checkpoint's weights, under the checkpoint's own tensor names
 */
public record Component(String name, Network network, Weights weights) {}
