/**
 * The {@code cogvideox} teacher: opens, runs and writes checkpoint folders of CogVideoX 2b and 5b
 * in the diffusers layout.
 *
 * <pre>
 * model_index.json                   optional
 * transformer/                       config.json, diffusion_pytorch_model*.safetensors
 * vae/                               likewise
 * text_encoder/                      config.json, model*.safetensors
 * tokenizer/                         spiece.model
 * scheduler/scheduler_config.json
 * scheduler/teacher_scheduler_config.json   in exported folders: the teacher's own, read first
 * dmdx_student.json                         in exported folders: how the student is sampled
 * </pre>
 *
 * <p>Legend: B batch, M text tokens, X text width.
 */
@NullMarked
package dmdx.teacher.cogvideox;

import org.jspecify.annotations.NullMarked;
