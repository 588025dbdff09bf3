/**
 * Noise tables, timestep grids and samplers, configured by a checkpoint's {@code
 * scheduler_config.json}.
 *
 * <p>{@link dmdx.nn.schedule.SchedulerConfig} describes a variance-preserving scheduler, {@link
 * dmdx.nn.schedule.FlowMatchConfig} a rectified flow. {@link dmdx.nn.schedule.VpSchedules} computes
 * tables; {@link dmdx.nn.schedule.DdimSampler}, {@link dmdx.nn.schedule.EulerSampler}, {@link
 * dmdx.nn.schedule.CogVideoXDpmSampler} and {@link dmdx.nn.schedule.FlowMatchEulerSampler} solve
 * the reverse process. Coefficients are computed in double precision on the host, latents are
 * float32.
 *
 * <p>Legend: N training timesteps, n sampling steps, abar cumulative product of {@code 1 - beta}.
 */
@NullMarked
package dmdx.nn.schedule;

import org.jspecify.annotations.NullMarked;
