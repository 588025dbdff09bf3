/**
 * The plugin interfaces.
 *
 * <p><em>You implement</em>: {@link dmdx.api.TeacherProvider} and {@link dmdx.api.Teacher}, {@link
 * dmdx.api.BackboneProvider} and {@link dmdx.api.DiscriminatorBackbone}, {@link
 * dmdx.api.DivergenceLossProvider} and {@link dmdx.api.DivergenceLoss}, {@link
 * dmdx.api.HeadsProvider} and {@link dmdx.api.DiscriminatorHeads}, {@link
 * dmdx.api.AdversarialLoss}, {@link dmdx.api.Parameterization}. <em>We implement</em>: everything
 * in {@code dmdx.api.settings} and {@link dmdx.api.network.Pass}.
 *
 * <p>Glossary. The <em>teacher</em> is the pretrained diffusion model, the <em>student</em> the
 * few-step generator distilled from it. A <em>denoiser</em> maps a noisy latent {@code x_t}, its
 * timestep and the conditioning to an output whose meaning its {@link dmdx.api.Parameterization}
 * fixes. The <em>real score</em> is the frozen teacher with guidance, the <em>fake score</em> a
 * denoiser that follows the student's own distribution.
 *
 * <p>Shapes: B batch, C channels, H W latent height and width, T frames, N tokens, D width. Latents
 * are {@code [B, C, H, W]} (images) or {@code [B, C, T, H, W]} (video); pixels are RGB in [-1, 1].
 * Timesteps are given in network units: {@code [0, horizon]} with {@code horizon} = 1000 for every
 * published teacher.
 *
 * <p>Memory: a tensor is owned by an {@link ai.djl.ndarray.NDManager}, and the result of an
 * operation by the manager of its first operand. Methods here return tensors owned by the manager
 * of their first tensor argument unless they take a manager; closing that manager frees them.
 */
@NullMarked
package dmdx.api;

import org.jspecify.annotations.NullMarked;
