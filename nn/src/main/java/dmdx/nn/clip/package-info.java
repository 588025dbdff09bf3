/**
 * CLIP's text and vision encoders side by side: {@link dmdx.nn.clip.ClipModel} turns pictures and
 * prompts into vectors whose cosine says how well they match. Pictures are prepared by {@link
 * dmdx.nn.data.CentreCrop} and {@link dmdx.nn.data.Normalisation}; {@link
 * dmdx.nn.clip.OpenClipWeights} reads checkpoints in OpenCLIP's layout.
 *
 * <p>Legend: B pictures, T prompts, L tokens, N patches and class token, D width, P width of the
 * embeddings, S side of a picture.
 */
@NullMarked
package dmdx.nn.clip;

import org.jspecify.annotations.NullMarked;
