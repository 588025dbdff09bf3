/**
 * Torch operations that DJL lacks, through libtorch's C interface, and scoping of tensors and
 * gradients. {@link dmdx.nn.torch.Ops} is the entry point.
 */
@NullMarked
package dmdx.nn.torch;

import org.jspecify.annotations.NullMarked;
