/**
 * The {@code sd3} teacher: opens, runs and writes checkpoint folders of Stable Diffusion 3 and 3.5
 * in the diffusers layout.
 *
 * <pre>
 * model_index.json                   optional
 * transformer/                       config.json, diffusion_pytorch_model*.safetensors
 * vae/                               likewise
 * text_encoder/, text_encoder_2/     config.json, model*.safetensors
 * text_encoder_3/                    likewise; may be missing, together with tokenizer_3
 * tokenizer/, tokenizer_2/           vocab.json, merges.txt, …
 * tokenizer_3/                       spiece.model
 * scheduler/scheduler_config.json
 * scheduler/teacher_scheduler_config.json   in exported folders: the teacher's own, read first
 * dmdx_student.json                         in exported folders: how the student is sampled
 * </pre>
 *
 * <p>Legend: B batch, M text tokens, X text width, P width of the pooled text.
 */
@NullMarked
package dmdx.teacher.sd3;

import org.jspecify.annotations.NullMarked;
