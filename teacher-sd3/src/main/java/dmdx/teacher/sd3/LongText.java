package dmdx.teacher.sd3;

import dmdx.nn.text.T5Encoder;
import dmdx.nn.text.T5Tokenizer;

/**
 * The third text encoder.
 *
 * @param encoder network of {@code text_encoder_3}
 * @param tokenizer its tokenizer
 * @param length ids per prompt
 */
record LongText(T5Encoder encoder, T5Tokenizer tokenizer, int length) {}
