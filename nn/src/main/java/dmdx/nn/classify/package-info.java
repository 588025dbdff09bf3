/**
 * Judging pictures against their prompts: {@link dmdx.nn.classify.AttributeClassifier} tells the
 * named attributes of a picture and summarises it as a feature vector.
 *
 * <p>Legend: B batch, H W height and width, F features.
 */
@NullMarked
package dmdx.nn.classify;

import org.jspecify.annotations.NullMarked;
