package dmdx.nn.parity;

import ai.djl.ndarray.NDManager;
import dmdx.nn.weights.ModelConfig;

/**
 * Compares what is no network of a {@link ParityCase}, such as a noise schedule, a tokenizer or a
 * preprocessor, with stored reference values. A service: the implementing class has a public
 * constructor without arguments.
 *
 * <p>A case is known by its index, a JSON file. An index named {@code case.json} or {@code
 * cases.json} stands for its folder and all below, any other for itself.
 */
public interface ReferenceCheck {

  /** Whether {@code index} belongs to a case of this kind; never throws for another's index. */
  boolean accepts(ModelConfig index);

  /**
   * Compares one case.
   *
   * @param index an accepted one; {@link ModelConfig#path} is its file
   * @param manager parent of the memory used; its device computes
   * @throws dmdx.api.CheckpointException if a file is damaged or asks for what is not supported
   */
  ParityReport check(ModelConfig index, NDManager manager);
}
