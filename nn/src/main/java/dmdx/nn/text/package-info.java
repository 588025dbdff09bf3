/**
 * Text encoders and their tokenizers: {@link dmdx.nn.text.ClipTokenizer} turns a prompt into ids,
 * {@link dmdx.nn.text.ClipTextEncoder} ids into hidden states, {@link dmdx.nn.text.ClipVocabulary}
 * trains a vocabulary.
 *
 * <p>Legend: B batch, L length of the padded prompt, D width, V size of the vocabulary.
 */
@NullMarked
package dmdx.nn.text;

import org.jspecify.annotations.NullMarked;
