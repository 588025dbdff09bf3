/**
 * Layers: names and shapes of weights, and a forward that reads like its formula. A layer holds no
 * tensor; {@link dmdx.nn.layer.Parameters} collects what a network consists of.
 *
 * <p>A layer computes in the type of its weights and takes its input in that type. So a network
 * computes in the type of the weights it is given, whatever the type of its inputs; what comes out
 * is in that type too.
 */
@NullMarked
package dmdx.nn.layer;

import org.jspecify.annotations.NullMarked;
