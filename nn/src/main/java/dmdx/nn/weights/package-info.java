/**
 * Where weights come from and go to: safetensors files, {@link dmdx.nn.weights.TrainableWeights},
 * and {@link dmdx.nn.weights.ForwardPass}, which hands them to a network.
 */
@NullMarked
package dmdx.nn.weights;

import org.jspecify.annotations.NullMarked;
