/**
 * The transformer of CogVideoX: {@link dmdx.teacher.cogvideox.transformer.CogVideoXTransformer},
 * built from a {@link dmdx.teacher.cogvideox.transformer.CogVideoXTransformerConfig}. Weight names
 * are those of {@code transformer/diffusion_pytorch_model.safetensors}.
 *
 * <p>Legend: B batch, C latent channels, T latent frames, H W latent height and width, p patch
 * size, h w = H/p W/p, N = T h w video tokens in the order frame, row, column, M text tokens, D
 * width, E width of the time embedding, d width of a head.
 */
@NullMarked
package dmdx.teacher.cogvideox.transformer;

import org.jspecify.annotations.NullMarked;
