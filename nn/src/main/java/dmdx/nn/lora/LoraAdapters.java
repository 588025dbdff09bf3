package dmdx.nn.lora;

import dmdx.api.network.Weights;

/**
 * Adapters read from a file.
 *
 * @param network which layers they adapt, with their ranks and scales
 * @param weights float32, under the network's names
 */
public record LoraAdapters(LoraNetwork network, Weights weights) {

  /**
   * @param factor multiplies all deltas
   * @see LoraNetwork#over(Weights, Weights, double)
   */
  public Weights over(Weights base, double factor) {
    return network.over(base, weights, factor);
  }
}
