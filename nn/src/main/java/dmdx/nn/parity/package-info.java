/**
 * Comparison of a network with stored reference values: {@link dmdx.nn.parity.ParityCase} reads a
 * case folder, runs a {@link dmdx.nn.parity.ReferenceNetwork} on its inputs and measures how far
 * outputs, hidden states and gradients are from the stored ones. A module that has networks to
 * check provides a {@link dmdx.nn.parity.ReferenceNetworkProvider}, for a denoiser with {@link
 * dmdx.nn.parity.DenoiserReference}; what is no network is compared by a {@link
 * dmdx.nn.parity.ReferenceCheck}. {@link dmdx.nn.parity.ParityItem} finds both kinds of cases.
 */
@NullMarked
package dmdx.nn.parity;

import org.jspecify.annotations.NullMarked;
