package dmdx.runner.report;

import ai.djl.ndarray.NDArray;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;

/** Writes videos so that a reader sees the old file or the new one, never half of one. */
public final class VideoWriter {
  private static final int MOST_FPS = 1000;

  private VideoWriter() {}

  /**
   * Writes or replaces an H.264 video; its folder is made if need be. Odd sides are made even by
   * repeating the last column or row.
   *
   * @param frames pictures of one size, at least one
   * @param fps frames per second, 1 to 1000
   * @throws UncheckedIOException naming the file
   */
  public static void mp4(Path file, Iterable<BufferedImage> frames, int fps) {
    check(fps);
    Iterator<BufferedImage> pictures = sameSize(frames);
    BufferedImage first = pictures.next();
    try (Mp4 video = new Mp4(first.getWidth(), first.getHeight(), fps)) {
      video.add(first);
      while (pictures.hasNext()) {
        video.add(pictures.next());
      }
      PngWriter.replace(file, video.finish());
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(file), e);
    }
  }

  /** The same for RGB {@code [3, T, H, W]} in [-1, 1], clamped. */
  public static void mp4(Path file, NDArray clip, int fps) {
    mp4(file, frames(clip), fps);
  }

  /**
   * Writes or replaces an animated PNG, which loses nothing and plays without end. Readers without
   * animation show the first frame.
   *
   * @param frames pictures of one size, at least one
   * @param fps frames per second, 1 to 1000
   * @throws UncheckedIOException naming the file
   */
  public static void preview(Path file, Iterable<BufferedImage> frames, int fps) {
    check(fps);
    AnimatedPng animation = new AnimatedPng(fps);
    try {
      for (Iterator<BufferedImage> pictures = sameSize(frames); pictures.hasNext(); ) {
        animation.add(pictures.next());
      }
      PngWriter.replace(file, animation.finish());
    } catch (IOException e) {
      throw new UncheckedIOException("%s: cannot be written".formatted(file), e);
    }
  }

  /** The same for RGB {@code [3, T, H, W]} in [-1, 1], clamped. */
  public static void preview(Path file, NDArray clip, int fps) {
    preview(file, frames(clip), fps);
  }

  private static List<BufferedImage> frames(NDArray clip) {
    return Pictures.clips(clip.expandDims(0)).get(0);
  }

  private static void check(int fps) {
    if (fps < 1 || fps > MOST_FPS) {
      throw new IllegalArgumentException(
          "%d frames per second, expected 1 to %d".formatted(fps, MOST_FPS));
    }
  }

  private static Iterator<BufferedImage> sameSize(Iterable<BufferedImage> frames) {
    Iterator<BufferedImage> pictures = frames.iterator();
    if (!pictures.hasNext()) {
      throw new IllegalArgumentException("a video needs at least one frame");
    }
    return new Iterator<>() {
      private int width;
      private int height;

      @Override
      public boolean hasNext() {
        return pictures.hasNext();
      }

      @Override
      public BufferedImage next() {
        BufferedImage next = pictures.next();
        if (width > 0 && (next.getWidth() != width || next.getHeight() != height)) {
          throw new IllegalArgumentException(
              "a frame of %dx%d pixels follows one of %dx%d"
                  .formatted(next.getWidth(), next.getHeight(), width, height));
        }
        width = next.getWidth();
        height = next.getHeight();
        return next;
      }
    };
  }
}
