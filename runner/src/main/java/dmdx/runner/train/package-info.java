/**
 * One trainer loop for every stage. A stage is data: {@link dmdx.runner.train.TrainableRole}s and
 * an ordered list of {@link dmdx.runner.train.Update}s; {@link dmdx.runner.train.Trainer} runs
 * them.
 */
@NullMarked
package dmdx.runner.train;

import org.jspecify.annotations.NullMarked;
