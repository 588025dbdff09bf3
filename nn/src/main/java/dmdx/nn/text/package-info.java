/**
 * Text encoders and their tokenizers: {@link dmdx.nn.text.ClipTokenizer} turns a prompt into ids,
 * {@link dmdx.nn.text.ClipTextEncoder} ids into hidden states, {@link dmdx.nn.text.ClipVocabulary}
 * trains a vocabulary. The same for T5: {@link dmdx.nn.text.T5Tokenizer}, {@link
 * dmdx.nn.text.T5Encoder}, {@link dmdx.nn.text.SentencePieceModel}.
 *
 * <p>Legend: B batch, L length of the padded prompt, D width, h heads, V size of the vocabulary.
 */
@NullMarked
package dmdx.nn.text;

import org.jspecify.annotations.NullMarked;
