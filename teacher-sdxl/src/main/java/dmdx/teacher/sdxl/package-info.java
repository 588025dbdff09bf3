/**
 * The {@code sdxl} teacher: opens, runs and writes checkpoint folders in the diffusers layout.
 *
 * <pre>
 * model_index.json                   optional; force_zeros_for_empty_prompt
 * unet/                              config.json, diffusion_pytorch_model*.safetensors
 * vae/                               likewise
 * text_encoder/, text_encoder_2/     config.json, model*.safetensors
 * tokenizer/, tokenizer_2/           vocab.json, merges.txt, …
 * scheduler/scheduler_config.json
 * scheduler/teacher_scheduler_config.json   in exported folders: the teacher's own, read first
 * dmdx_student.json                         in exported folders: how the student is sampled
 * </pre>
 *
 * <p>Legend: B batch, M text tokens, X text width, P width of the pooled text.
 */
@NullMarked
package dmdx.teacher.sdxl;

import org.jspecify.annotations.NullMarked;
