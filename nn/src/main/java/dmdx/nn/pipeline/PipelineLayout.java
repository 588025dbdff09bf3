package dmdx.nn.pipeline;

import java.util.List;

/**
 * What a pipeline folder of one architecture consists of.
 *
 * @param model the architecture, for messages
 * @param pipelineClass {@code _class_name} of {@code model_index.json}
 * @param parts its sub-folders except {@code scheduler}, in the order of {@code model_index.json}
 */
public record PipelineLayout(String model, String pipelineClass, List<Part> parts) {
  public PipelineLayout {
    parts = List.copyOf(parts);
  }

  /**
   * A sub-folder.
   *
   * @param name its name
   * @param library the library that loads it: {@code diffusers} or {@code transformers}
   * @param type the class there
   * @param optional whether a checkpoint may lack it
   */
  public record Part(String name, String library, String type, boolean optional) {

    /** A part that must be there. */
    public static Part of(String name, String library, String type) {
      return new Part(name, library, type, false);
    }

    /** A part that may be missing. */
    public static Part optional(String name, String library, String type) {
      return new Part(name, library, type, true);
    }

    /** Whether it has no weights: its files are copied as they are. */
    boolean isTokenizer() {
      return name.startsWith("tokenizer");
    }
  }
}
