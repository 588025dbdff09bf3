/**
 * Checkpoint folders in the diffusers layout: {@link dmdx.nn.pipeline.PipelineLayout} says what an
 * architecture's folder consists of, {@link dmdx.nn.pipeline.PipelineFolder} reads one, {@link
 * dmdx.nn.pipeline.PipelineNetworks} opens its weights, {@link dmdx.nn.pipeline.Misfits} collects
 * what does not fit, {@link dmdx.nn.pipeline.PipelineExport} writes one (others are written with
 * {@link dmdx.nn.pipeline.ExportFolder}), {@link dmdx.nn.pipeline.ImageLatentCodec} and {@link
 * dmdx.nn.pipeline.VideoLatentCodec} run its autoencoder, {@link dmdx.nn.pipeline.ClipFolders} and
 * {@link dmdx.nn.pipeline.T5Text} open its text encoders; {@link
 * dmdx.nn.pipeline.StudentSamplingFile} says how a student is sampled.
 */
@NullMarked
package dmdx.nn.pipeline;

import org.jspecify.annotations.NullMarked;
