/**
 * Low-rank adaptation: thin trainable weights over one frozen base. A {@link
 * dmdx.nn.lora.LoraNetwork} is the network of the adapters, trained like any other; {@link
 * dmdx.nn.lora.LoraNetwork#over} joins their weights with the base's, and {@link
 * dmdx.nn.lora.LoraFile} reads and writes them in the layouts in use.
 *
 * <p>An adapted weight is {@code W + w (alpha / r) B A} with A {@code [r, in]}, B {@code [out, r]}
 * and a factor w chosen at run time; biases stay (Hu et al., "LoRA: Low-Rank Adaptation of Large
 * Language Models").
 */
@NullMarked
package dmdx.nn.lora;

import org.jspecify.annotations.NullMarked;
