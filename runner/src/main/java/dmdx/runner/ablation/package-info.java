/**
 * A matrix of settings over one configuration: {@link dmdx.runner.ablation.AblationSettings} is the
 * file, {@link dmdx.runner.ablation.Ablation} runs it and shares what rows have in common, {@link
 * dmdx.runner.ablation.AblationReport} writes tables and plots.
 */
@NullMarked
package dmdx.runner.ablation;

import org.jspecify.annotations.NullMarked;
