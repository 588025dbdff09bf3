/**
 * Pictures and their captions: {@link dmdx.nn.data.ImageFolder} reads the Hugging Face imagefolder
 * layout, {@link dmdx.nn.data.Images} converts between pictures and tensors, {@link
 * dmdx.nn.data.PillowResize} resizes 8-bit pictures and {@link dmdx.nn.data.TensorResize} tensors
 * with the same filters.
 *
 * <p>Pixels are RGB {@code [B, 3, H, W]}, float32 in [-1, 1].
 */
@NullMarked
package dmdx.nn.data;

import org.jspecify.annotations.NullMarked;
