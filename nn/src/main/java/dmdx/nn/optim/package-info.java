/**
 * What changes trainable weights: {@link dmdx.nn.optim.AdamW}, {@link dmdx.nn.optim.GradientClip}
 * and {@link dmdx.nn.optim.Ema}; {@link dmdx.nn.optim.Fit} is the short way to use them. All work
 * on the one flat float32 tensor of {@link dmdx.nn.weights.TrainableWeights#flat}.
 */
@NullMarked
package dmdx.nn.optim;

import org.jspecify.annotations.NullMarked;
