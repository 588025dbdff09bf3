/**
 * The transformer of Stable Diffusion 3 and 3.5: {@link
 * dmdx.teacher.sd3.transformer.Sd3Transformer}, built from a {@link
 * dmdx.teacher.sd3.transformer.Sd3TransformerConfig}. Weight names are those of {@code
 * transformer/diffusion_pytorch_model.safetensors}.
 *
 * <p>Legend: B batch, C latent channels, H W latent height and width, p patch size, h w = H/p W/p,
 * N = h w image tokens, M text tokens, D width, P width of the pooled text.
 */
@NullMarked
package dmdx.teacher.sd3.transformer;

import org.jspecify.annotations.NullMarked;
