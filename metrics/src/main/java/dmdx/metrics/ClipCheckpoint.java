package dmdx.metrics;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dmdx.api.CheckpointException;
import dmdx.api.network.Pass;
import dmdx.api.network.Weights;
import dmdx.nn.clip.ClipConfig;
import dmdx.nn.clip.ClipModel;
import dmdx.nn.clip.OpenClipWeights;
import dmdx.nn.data.CentreCrop;
import dmdx.nn.data.FittedSquare;
import dmdx.nn.data.Images;
import dmdx.nn.data.Normalisation;
import dmdx.nn.data.RgbImage;
import dmdx.nn.text.ClipTokenizer;
import dmdx.nn.text.TextCleaning;
import dmdx.nn.torch.Scope;
import dmdx.nn.weights.CheckpointWeights;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import java.nio.file.Path;
import java.util.List;

/** CLIP with its weights, its tokenizer and its way of preparing pictures. */
final class ClipCheckpoint implements AutoCloseable {
  private final NDManager manager;
  private final ClipModel model;
  private final ClipTokenizer tokenizer;
  private final Preparation preparation;
  private final Opened opened;

  /** Makes {@code [1, 3, S, S]}, not normalised yet or already, of a picture. */
  private interface Preparation {
    NDArray of(RgbImage picture, NDManager manager);
  }

  /** Weights, and how they are closed. */
  private record Opened(Weights weights, Runnable close) {}

  private ClipCheckpoint(
      NDManager manager,
      ClipModel model,
      ClipTokenizer tokenizer,
      Preparation preparation,
      Opened opened) {
    this.manager = manager;
    this.model = model;
    this.tokenizer = tokenizer;
    this.preparation = preparation;
    this.opened = opened;
  }

  /**
   * A {@code CLIPModel} as Hugging Face lays it out; pictures are scaled by their short side and
   * cropped.
   *
   * @param folder {@code config.json}, {@code model.safetensors}
   * @param tokens {@code vocab.json}, {@code merges.txt}; often the same folder
   */
  static ClipCheckpoint folder(Path folder, Path tokens) {
    ClipModel model =
        ClipModel.of(ClipConfig.from(ModelConfig.read(folder.resolve("config.json"))));
    ClipTokenizer tokenizer = ClipTokenizer.read(tokens);
    requireFit(tokens, tokenizer, model);
    int side = model.config().vision().imageSize();
    CentreCrop crop = new CentreCrop(side, side);
    NDManager manager = NDManager.newBaseManager(Device.cpu());
    try {
      CheckpointWeights weights =
          CheckpointWeights.open(folder, "model", null, model, ClipModel::ignores, manager);
      return new ClipCheckpoint(
          manager,
          model,
          tokenizer,
          (picture, owner) -> Normalisation.CLIP.of(crop.of(picture), owner),
          new Opened(weights, weights::close));
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * A file in OpenCLIP's layout; pictures are scaled by their long side and padded, prompts padded
   * with {@code !}, id 0.
   *
   * @param file all tensors
   * @param config of the same sizes
   * @param tokens {@code vocab.json}, {@code merges.txt} of any CLIP
   * @param antialias whether shrinking is smooth
   */
  static ClipCheckpoint file(Path file, ClipConfig config, Path tokens, boolean antialias) {
    ClipModel model = ClipModel.of(config);
    ClipTokenizer tokenizer = ClipTokenizer.read(tokens, TextCleaning.OPENAI, "!");
    requireFit(tokens, tokenizer, model);
    FittedSquare square = new FittedSquare(config.vision().imageSize(), antialias);
    NDManager manager = NDManager.newBaseManager(Device.cpu());
    try {
      OpenClipWeights weights = OpenClipWeights.open(file, model, manager);
      return new ClipCheckpoint(
          manager,
          model,
          tokenizer,
          (picture, owner) -> Normalisation.CLIP.ofUnit(square.of(picture, owner)),
          new Opened(weights, weights::close));
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  private static void requireFit(Path tokens, ClipTokenizer tokenizer, ClipModel model) {
    int vocabulary = model.config().text().vocabulary();
    int positions = model.config().text().positions();
    if (tokenizer.vocabularySize() > vocabulary || tokenizer.maxLength() > positions) {
      throw new CheckpointException(
          "%s: %d tokens and %d ids a prompt, but the text encoder has vocab_size %d and max_position_embeddings %d. Use the tokenizer of this checkpoint."
              .formatted(
                  tokens,
                  tokenizer.vocabularySize(),
                  tokenizer.maxLength(),
                  vocabulary,
                  positions));
    }
  }

  /** Where weights and what is computed of them live. */
  NDManager manager() {
    return manager;
  }

  /**
   * @param stills RGB in [-1, 1], {@code [B, 3, H, W]}
   * @return embeddings of length 1, {@code [B, P]}
   */
  NDArray pictures(NDArray stills) {
    try (Scope scope = new Scope()) {
      NDList rows = new NDList();
      for (int i = 0; i < stills.getShape().get(0); i++) {
        rows.add(preparation.of(Images.rgb(Images.picture(stills.get(i))), manager));
      }
      return scope.keep(model.imageEmbeddings(pass(), NDArrays.concat(rows, 0)));
    }
  }

  /**
   * @return embeddings of length 1, {@code [T, P]}
   */
  NDArray texts(List<String> prompts) {
    int length = tokenizer.maxLength();
    long[] ids = new long[prompts.size() * length];
    for (int i = 0; i < prompts.size(); i++) {
      System.arraycopy(tokenizer.encode(prompts.get(i)), 0, ids, i * length, length);
    }
    try (Scope scope = new Scope()) {
      NDArray tokens = manager.create(ids, new Shape(prompts.size(), length));
      return scope.keep(model.textEmbeddings(pass(), tokens));
    }
  }

  /** {@code exp(logit_scale)}. */
  double scale() {
    try (Scope scope = new Scope()) {
      return model.scale(pass()).getFloat();
    }
  }

  private Pass pass() {
    return ForwardPass.of(opened.weights(), manager);
  }

  @Override
  public void close() {
    opened.close().run();
    manager.close();
  }
}
