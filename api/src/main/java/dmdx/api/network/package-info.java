/**
 * The seam between networks and weights: a network is a pure function of named weights, and {@link
 * dmdx.api.network.Pass} says where one forward pass takes them from.
 */
@NullMarked
package dmdx.api.network;

import org.jspecify.annotations.NullMarked;
