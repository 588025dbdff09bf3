/**
 * How fast this machine is and how close a program comes to that: {@link
 * dmdx.runner.bench.PeakRates} and {@link dmdx.runner.bench.Kernels}.
 */
@NullMarked
package dmdx.runner.bench;

import org.jspecify.annotations.NullMarked;
