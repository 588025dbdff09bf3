/**
 * Frozen picture encoders as discriminator backbones: a plugin describes its architecture as a
 * {@link dmdx.nn.backbone.LayeredEncoder}; {@link dmdx.nn.backbone.PictureBackbone} makes its
 * hidden states features, {@link dmdx.nn.backbone.EncoderReference} compares them with reference
 * values.
 *
 * <p>Shapes: B batch, C channels, H W height and width of pictures, g side of the patch grid, h
 * hidden width.
 */
@NullMarked
package dmdx.nn.backbone;

import org.jspecify.annotations.NullMarked;
