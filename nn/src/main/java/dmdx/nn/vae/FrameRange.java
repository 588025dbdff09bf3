package dmdx.nn.vae;

import java.util.ArrayList;
import java.util.List;

/**
 * Frames {@code from} (inclusive) to {@code to} (exclusive).
 *
 * @param from first frame
 * @param to one past the last
 */
record FrameRange(long from, long to) {

  /**
   * The chunks a video goes through a network in: {@code size} frames each, the first longer by
   * {@code frames mod size}.
   */
  static List<FrameRange> chunks(long frames, long size) {
    long more = frames % size;
    List<FrameRange> chunks = new ArrayList<>();
    for (long i = 0; i < Math.max(frames / size, 1); i++) {
      long from = i == 0 ? 0 : size * i + more;
      chunks.add(new FrameRange(from, Math.min(size * (i + 1) + more, frames)));
    }
    return chunks;
  }
}
