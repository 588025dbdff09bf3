/**
 * Image autoencoders, which take pixels to latents and back: {@link dmdx.nn.vae.AutoencoderKl}.
 *
 * <p>Legend: B batch, Z latent channels, H W height and width of an image, h w of its latents.
 */
@NullMarked
package dmdx.nn.vae;

import org.jspecify.annotations.NullMarked;
