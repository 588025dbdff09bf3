/**
 * Layers: names and shapes of weights, and a forward that reads like its formula. A layer holds no
 * tensor; {@link dmdx.nn.layer.Parameters} collects what a network consists of.
 */
@NullMarked
package dmdx.nn.layer;

import org.jspecify.annotations.NullMarked;
