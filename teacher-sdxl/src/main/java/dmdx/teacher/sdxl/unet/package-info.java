/**
 * The U-Net of SDXL and Stable Diffusion 1.5: {@link dmdx.teacher.sdxl.unet.UNet2DCondition}, built
 * from a {@link dmdx.teacher.sdxl.unet.UNetConfig}. Weight names are those of {@code
 * unet/diffusion_pytorch_model.safetensors}.
 *
 * <p>Legend: B batch, C channels of a level, H W height and width, N = H W image tokens, M text
 * tokens, X text width, E width of the time embedding. Level 0 is the finest.
 */
@NullMarked
package dmdx.teacher.sdxl.unet;

import org.jspecify.annotations.NullMarked;
