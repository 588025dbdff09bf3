/**
 * Autoencoders, which take pixels to latents and back: {@link dmdx.nn.vae.AutoencoderKl} of images,
 * {@link dmdx.nn.vae.AutoencoderKlCogVideoX} of videos.
 *
 * <p>Legend: B batch, Z latent channels, F frames, H W height and width of pixels; T, h w of
 * latents.
 */
@NullMarked
package dmdx.nn.vae;

import org.jspecify.annotations.NullMarked;
