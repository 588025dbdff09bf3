/**
 * Images and their captions: {@link dmdx.nn.data.ImageFolder} reads the Hugging Face imagefolder
 * layout, {@link dmdx.nn.data.Images} converts between pictures and tensors.
 *
 * <p>Pixels are RGB {@code [B, 3, H, W]}, float32 in [-1, 1].
 */
@NullMarked
package dmdx.nn.data;

import org.jspecify.annotations.NullMarked;
