package dmdx.examples.fashion;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dmdx.nn.data.ImageFolder;
import dmdx.nn.data.Images;
import dmdx.nn.torch.Ops;
import dmdx.nn.vae.AutoencoderKl;
import dmdx.nn.vae.AutoencoderKlConfig;
import dmdx.nn.weights.ForwardPass;
import dmdx.nn.weights.ModelConfig;
import dmdx.nn.weights.TrainableWeights;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * Trains the autoencoder whose latents the teacher models.
 *
 * <p>Loss: mean absolute error of the pixels, the same of differences between neighbouring pixels,
 * which keeps outlines sharp, and a little KL divergence of the latents from a unit Gaussian.
 */
@Command(
    name = "codec",
    description = "Trains the autoencoder that config.json in the folder describes.")
final class CodecTraining implements Callable<Integer> {
  private static final float KL_WEIGHT = 2e-4f;
  private static final float EDGE_WEIGHT = 0.5f;
  private static final int SHOWN = 64;

  @Mixin private TrainingOptions options = new TrainingOptions();

  @Option(
      names = "--samples",
      description = "PNG to write: held-out pictures, each above its reconstruction.")
  private @Nullable Path samples;

  @Override
  public Integer call() throws IOException {
    ModelConfig config = ModelConfig.read(options.out().resolve("config.json"));
    AutoencoderKl codec = AutoencoderKl.of(AutoencoderKlConfig.from(config));
    ImageFolder train = options.train();
    ImageFolder heldOut = options.heldOut();
    try (NDManager manager = NDManager.newBaseManager(Device.cpu());
        TrainableWeights weights = TrainableWeights.initialised(codec, options.seed(), manager)) {
      Training.run(
          options,
          weights,
          train,
          step -> loss(codec, step, train.batch(step.rows(), step.pass().scope())));
      double factor = 1 / latentDeviation(codec, weights, train);
      System.out.printf("scaling factor %.4f%n", factor);
      report(codec, weights, heldOut);
      if (samples != null) {
        show(codec, weights, heldOut, samples);
      }
      ObjectNode result = config.json().deepCopy();
      result.put("scaling_factor", Math.round(factor * 1e4) / 1e4);
      NetworkFiles.write(options.out(), "diffusion_pytorch_model.fp16", result, codec, weights);
    }
    return 0;
  }

  private static NDArray loss(AutoencoderKl codec, Training.Step step, NDArray pixels) {
    NDArray moments = codec.encodeMoments(step.pass(), pixels);
    NDArray mean = codec.mean(moments);
    NDArray logVariance = codec.logVariance(moments);
    NDArray noise = step.noise().gaussian(step.pass().scope(), mean.getShape());
    NDArray error = codec.decode(step.pass(), codec.sample(moments, noise)).sub(pixels);
    NDArray kl =
        Ops.times(
            mean.mul(mean).add(logVariance.exp()).sub(logVariance).sub(1).mean(), 0.5 * KL_WEIGHT);
    NDArray edges = difference(error, 2).abs().mean().add(difference(error, 3).abs().mean());
    return error.abs().mean().add(Ops.times(edges, EDGE_WEIGHT)).add(kl);
  }

  private static NDArray difference(NDArray x, int axis) {
    long size = x.getShape().get(axis);
    return Ops.slice(x, axis, 1, size).sub(Ops.slice(x, axis, 0, size - 1));
  }

  private static double latentDeviation(
      AutoencoderKl codec, TrainableWeights weights, ImageFolder images) {
    double[] sums = new double[3];
    Training.measure(
        weights,
        images,
        0,
        step -> {
          NDArray pixels = images.batch(step.rows(), step.pass().scope());
          NDArray z = codec.mean(codec.encodeMoments(step.pass(), pixels));
          sums[0] += z.size();
          sums[1] += z.sum().getFloat();
          sums[2] += z.mul(z).sum().getFloat();
        });
    double mean = sums[1] / sums[0];
    return Math.sqrt(sums[2] / sums[0] - mean * mean);
  }

  private static void report(AutoencoderKl codec, TrainableWeights weights, ImageFolder images) {
    double[] sums = new double[2];
    Training.measure(
        weights,
        images,
        0,
        step -> {
          NDArray pixels = images.batch(step.rows(), step.pass().scope());
          NDArray decoded =
              codec.decode(step.pass(), codec.mean(codec.encodeMoments(step.pass(), pixels)));
          NDArray error = decoded.clip(-1, 1).sub(pixels);
          sums[0] += error.abs().mean().getFloat() * step.rows().length;
          float[] squares =
              error.mul(error).reshape(step.rows().length, -1).mean(new int[] {1}).toFloatArray();
          for (float square : squares) {
            sums[1] += 10 * Math.log10(4 / square);
          }
        });
    System.out.printf(
        "held-out: mean absolute error %.4f of [-1, 1], PSNR %.2f dB%n",
        sums[0] / images.size(), sums[1] / images.size());
  }

  private static void show(
      AutoencoderKl codec, TrainableWeights weights, ImageFolder images, Path file)
      throws IOException {
    int columns = 16;
    int[] rows = IntStream.range(0, Math.min(SHOWN, images.size())).toArray();
    try (NDManager manager = weights.flat().getManager().newSubManager()) {
      ForwardPass pass = ForwardPass.of(weights, manager);
      NDArray pixels = images.batch(rows, manager);
      NDArray decoded = codec.decode(pass, codec.mean(codec.encodeMoments(pass, pixels)));
      NDArray both = null;
      for (int from = 0; from < rows.length; from += columns) {
        int to = Math.min(rows.length, from + columns);
        NDArray pair = Ops.slice(pixels, 0, from, to).concat(Ops.slice(decoded, 0, from, to));
        both = both == null ? pair : both.concat(pair);
      }
      if (both != null) {
        ImageIO.write(Images.grid(both, columns), "png", file.toFile());
      }
    }
  }
}
