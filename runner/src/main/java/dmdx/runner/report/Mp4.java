package dmdx.runner.report;

import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_BITEXACT;
import static org.bytedeco.ffmpeg.global.avcodec.AV_CODEC_FLAG_GLOBAL_HEADER;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_rescale_ts;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_encoder_by_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_from_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_packet;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_interleaved_write_frame;
import static org.bytedeco.ffmpeg.global.avformat.av_write_trailer;
import static org.bytedeco.ffmpeg.global.avformat.avformat_alloc_output_context2;
import static org.bytedeco.ffmpeg.global.avformat.avformat_free_context;
import static org.bytedeco.ffmpeg.global.avformat.avformat_new_stream;
import static org.bytedeco.ffmpeg.global.avformat.avformat_write_header;
import static org.bytedeco.ffmpeg.global.avformat.avio_close_dyn_buf;
import static org.bytedeco.ffmpeg.global.avformat.avio_open_dyn_buf;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_PRI_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_MPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_RGB;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_TRC_BT709;
import static org.bytedeco.ffmpeg.global.avutil.AVERROR_EOF;
import static org.bytedeco.ffmpeg.global.avutil.AV_LOG_ERROR;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_YUV420P;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_free;
import static org.bytedeco.ffmpeg.global.avutil.av_dict_set;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_make_writable;
import static org.bytedeco.ffmpeg.global.avutil.av_free;
import static org.bytedeco.ffmpeg.global.avutil.av_log_set_level;
import static org.bytedeco.ffmpeg.global.avutil.av_strerror;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BITEXACT;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INP;
import static org.bytedeco.ffmpeg.global.swscale.sws_alloc_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale_frame;
import static org.bytedeco.ffmpeg.presets.avutil.AVERROR_EAGAIN;

import java.awt.image.BufferedImage;
import java.io.IOException;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVIOContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.avutil.AVRational;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * One H.264 video in the making, in memory: 8-bit 4:2:0, BT.709, constant quality. The same frames
 * give the same bytes.
 *
 * <p>A picture whose sides are not even, or too small for the encoder, is continued with its last
 * column and row.
 */
final class Mp4 implements AutoCloseable {
  private static final String ENCODER = "libopenh264";
  private static final int QUANTIZER = 18;

  /** Without effect, since the quantizer is fixed; the encoder wants one. */
  private static final long BIT_RATE = 20_000_000;

  private static final int SECONDS_BETWEEN_KEY_FRAMES = 2;
  private static final int SMALLEST_SIDE = 16;

  /** The macroblocks (16 x 16 pixels) of a frame at H.264's level 5.2. */
  private static final int MOST_MACROBLOCKS = 36_864;

  private final AVFormatContext container = new AVFormatContext(null);
  private final AVIOContext buffer = new AVIOContext(null);
  private final AVCodecContext encoder;
  private final AVStream stream;
  private final AVPacket packet = av_packet_alloc();
  private final AVFrame rgb;
  private final AVFrame yuv;
  private final SwsContext converter = sws_alloc_context();
  private boolean bufferOpen;
  private long frames;

  /**
   * @param width columns of the pictures to come
   * @param height rows of the pictures to come
   * @throws IllegalArgumentException if H.264 has no level for such pictures
   */
  Mp4(int width, int height, int fps) throws IOException {
    int evenWidth = even(width);
    int evenHeight = even(height);
    if ((long) ((evenWidth + 15) / 16) * ((evenHeight + 15) / 16) > MOST_MACROBLOCKS) {
      throw new IllegalArgumentException(
          "a video of %dx%d pixels is more than H.264 holds (4096x2304)".formatted(width, height));
    }
    av_log_set_level(AV_LOG_ERROR);
    AVCodec codec = avcodec_find_encoder_by_name(ENCODER);
    encoder = avcodec_alloc_context3(codec);
    rgb = frame(evenWidth, evenHeight, AV_PIX_FMT_RGB24);
    rgb.colorspace(AVCOL_SPC_RGB).color_range(AVCOL_RANGE_JPEG);
    yuv = frame(evenWidth, evenHeight, AV_PIX_FMT_YUV420P);
    yuv.colorspace(AVCOL_SPC_BT709).color_range(AVCOL_RANGE_MPEG);
    for (AVFrame frame : new AVFrame[] {rgb, yuv}) {
      frame.color_primaries(AVCOL_PRI_BT709).color_trc(AVCOL_TRC_BT709);
    }
    converter.flags(SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_BITEXACT);
    require(avformat_alloc_output_context2(container, null, "mp4", null), "mp4 container");
    container.flags(container.flags() | AVFormatContext.AVFMT_FLAG_BITEXACT);
    stream = avformat_new_stream(container, codec);
    openEncoder(codec, fps);
    require(avcodec_parameters_from_context(stream.codecpar(), encoder), "stream parameters");
    stream.time_base(encoder.time_base()).avg_frame_rate(encoder.framerate());
    require(avio_open_dyn_buf(buffer), "memory for the video");
    bufferOpen = true;
    container.pb(buffer);
    require(avformat_write_header(container, (AVDictionary) null), "mp4 header");
  }

  private static int even(int side) {
    return Math.max(SMALLEST_SIDE, side + side % 2);
  }

  private static AVFrame frame(int width, int height, int format) throws IOException {
    AVFrame frame = av_frame_alloc().width(width).height(height).format(format);
    require(av_frame_get_buffer(frame, 0), "memory for a frame");
    return frame;
  }

  private void openEncoder(AVCodec codec, int fps) throws IOException {
    try (AVRational second = new AVRational().num(1).den(fps);
        AVRational rate = new AVRational().num(fps).den(1);
        AVDictionary options = new AVDictionary(null)) {
      encoder.width(yuv.width()).height(yuv.height()).pix_fmt(AV_PIX_FMT_YUV420P);
      encoder.time_base(second).framerate(rate).gop_size(SECONDS_BETWEEN_KEY_FRAMES * fps);
      encoder.color_range(AVCOL_RANGE_MPEG).colorspace(AVCOL_SPC_BT709);
      encoder.color_primaries(AVCOL_PRI_BT709).color_trc(AVCOL_TRC_BT709);
      encoder.qmin(QUANTIZER).qmax(QUANTIZER).bit_rate(BIT_RATE).thread_count(1);
      encoder.flags(encoder.flags() | AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT);
      av_dict_set(options, "rc_mode", "quality", 0);
      av_dict_set(options, "allow_skip_frames", "0", 0);
      try {
        require(avcodec_open2(encoder, codec, options), "H.264 encoder");
      } finally {
        av_dict_free(options);
      }
    }
  }

  /** Appends a frame, of the size the video was opened with. */
  void add(BufferedImage picture) throws IOException {
    fill(picture);
    require(av_frame_make_writable(yuv), "memory for a frame");
    require(sws_scale_frame(converter, yuv, rgb), "conversion to YUV");
    yuv.pts(frames);
    frames++;
    require(avcodec_send_frame(encoder, yuv), "H.264 encoder");
    drain();
  }

  private void fill(BufferedImage picture) {
    int width = picture.getWidth();
    int height = picture.getHeight();
    int[] packed = picture.getRGB(0, 0, width, height, null, 0, width);
    byte[] line = new byte[3 * rgb.width()];
    BytePointer data = rgb.data(0);
    for (int y = 0; y < rgb.height(); y++) {
      int row = Math.min(y, height - 1) * width;
      for (int x = 0; x < rgb.width(); x++) {
        int pixel = packed[row + Math.min(x, width - 1)];
        line[3 * x] = (byte) (pixel >> 16);
        line[3 * x + 1] = (byte) (pixel >> 8);
        line[3 * x + 2] = (byte) pixel;
      }
      data.position((long) y * rgb.linesize(0)).put(line);
    }
  }

  /** Moves what the encoder has ready into the container. */
  private void drain() throws IOException {
    int result = avcodec_receive_packet(encoder, packet);
    while (result >= 0) {
      av_packet_rescale_ts(packet, encoder.time_base(), stream.time_base());
      packet.stream_index(stream.index());
      require(av_interleaved_write_frame(container, packet), "mp4 container");
      result = avcodec_receive_packet(encoder, packet);
    }
    if (result != AVERROR_EOF && result != AVERROR_EAGAIN()) {
      require(result, "H.264 encoder");
    }
  }

  /** Ends the video: the whole file. */
  byte[] finish() throws IOException {
    require(avcodec_send_frame(encoder, null), "H.264 encoder");
    drain();
    require(av_write_trailer(container), "mp4 container");
    try (PointerPointer<BytePointer> content = new PointerPointer<>(1)) {
      int size = closeBuffer(content);
      BytePointer bytes = content.get(BytePointer.class, 0);
      byte[] file = new byte[size];
      bytes.get(file);
      av_free(bytes);
      return file;
    }
  }

  private int closeBuffer(PointerPointer<BytePointer> content) {
    bufferOpen = false;
    return avio_close_dyn_buf(buffer, content);
  }

  private static void require(int result, String what) throws IOException {
    if (result < 0) {
      byte[] text = new byte[256];
      av_strerror(result, text, text.length);
      throw new IOException("%s: %s".formatted(what, new BytePointer(text).getString()));
    }
  }

  @Override
  public void close() {
    if (bufferOpen) {
      try (PointerPointer<BytePointer> content = new PointerPointer<>(1)) {
        closeBuffer(content);
        av_free(content.get(BytePointer.class, 0));
      }
    }
    av_packet_free(packet);
    av_frame_free(rgb);
    av_frame_free(yuv);
    sws_freeContext(converter);
    avcodec_free_context(encoder);
    avformat_free_context(container);
  }
}
