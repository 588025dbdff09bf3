package dmdx.runner.report;

import static org.bytedeco.ffmpeg.global.avcodec.av_packet_alloc;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_free;
import static org.bytedeco.ffmpeg.global.avcodec.av_packet_unref;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_alloc_context3;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_find_decoder;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_free_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_get_name;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_open2;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_parameters_to_context;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_receive_frame;
import static org.bytedeco.ffmpeg.global.avcodec.avcodec_send_packet;
import static org.bytedeco.ffmpeg.global.avformat.av_read_frame;
import static org.bytedeco.ffmpeg.global.avformat.avformat_close_input;
import static org.bytedeco.ffmpeg.global.avformat.avformat_find_stream_info;
import static org.bytedeco.ffmpeg.global.avformat.avformat_open_input;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_RANGE_JPEG;
import static org.bytedeco.ffmpeg.global.avutil.AVCOL_SPC_RGB;
import static org.bytedeco.ffmpeg.global.avutil.AV_PIX_FMT_RGB24;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_alloc;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_free;
import static org.bytedeco.ffmpeg.global.avutil.av_frame_get_buffer;
import static org.bytedeco.ffmpeg.global.avutil.av_get_pix_fmt_name;
import static org.bytedeco.ffmpeg.global.swscale.SWS_ACCURATE_RND;
import static org.bytedeco.ffmpeg.global.swscale.SWS_BICUBIC;
import static org.bytedeco.ffmpeg.global.swscale.SWS_FULL_CHR_H_INT;
import static org.bytedeco.ffmpeg.global.swscale.sws_alloc_context;
import static org.bytedeco.ffmpeg.global.swscale.sws_freeContext;
import static org.bytedeco.ffmpeg.global.swscale.sws_scale_frame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avformat.AVFormatContext;
import org.bytedeco.ffmpeg.avformat.AVStream;
import org.bytedeco.ffmpeg.avutil.AVDictionary;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.swscale.SwsContext;
import org.bytedeco.javacpp.PointerPointer;

/** A video read back. */
record Mp4Reader(String codec, String format, double fps, List<BufferedImage> frames) {

  static Mp4Reader read(Path file) {
    AVFormatContext container = new AVFormatContext(null);
    require(avformat_open_input(container, file.toString(), null, (AVDictionary) null));
    require(avformat_find_stream_info(container, (PointerPointer<?>) null));
    AVStream stream = container.streams(0);
    AVCodec codec = avcodec_find_decoder(stream.codecpar().codec_id());
    AVCodecContext decoder = avcodec_alloc_context3(codec);
    require(avcodec_parameters_to_context(decoder, stream.codecpar()));
    decoder.thread_count(1);
    require(avcodec_open2(decoder, codec, (AVDictionary) null));
    AVPacket packet = av_packet_alloc();
    AVFrame frame = av_frame_alloc();
    List<BufferedImage> frames = new ArrayList<>();
    boolean more = true;
    while (more) {
      more = av_read_frame(container, packet) >= 0;
      require(avcodec_send_packet(decoder, more ? packet : null));
      av_packet_unref(packet);
      while (avcodec_receive_frame(decoder, frame) >= 0) {
        frames.add(picture(frame));
      }
    }
    double fps = stream.avg_frame_rate().num() / (double) stream.avg_frame_rate().den();
    Mp4Reader result =
        new Mp4Reader(
            avcodec_get_name(decoder.codec_id()).getString(),
            av_get_pix_fmt_name(decoder.pix_fmt()).getString(),
            fps,
            frames);
    av_frame_free(frame);
    av_packet_free(packet);
    avcodec_free_context(decoder);
    avformat_close_input(container);
    return result;
  }

  private static BufferedImage picture(AVFrame frame) {
    AVFrame rgb = av_frame_alloc().width(frame.width()).height(frame.height());
    rgb.format(AV_PIX_FMT_RGB24).colorspace(AVCOL_SPC_RGB).color_range(AVCOL_RANGE_JPEG);
    rgb.color_primaries(frame.color_primaries()).color_trc(frame.color_trc());
    require(av_frame_get_buffer(rgb, 0));
    SwsContext converter = sws_alloc_context();
    converter.flags(SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT);
    require(sws_scale_frame(converter, rgb, frame));
    BufferedImage picture =
        new BufferedImage(rgb.width(), rgb.height(), BufferedImage.TYPE_INT_RGB);
    byte[] line = new byte[3 * rgb.width()];
    for (int y = 0; y < rgb.height(); y++) {
      rgb.data(0).position((long) y * rgb.linesize(0)).get(line);
      for (int x = 0; x < rgb.width(); x++) {
        int red = line[3 * x] & 0xff;
        int green = line[3 * x + 1] & 0xff;
        picture.setRGB(x, y, (red << 16) | (green << 8) | (line[3 * x + 2] & 0xff));
      }
    }
    sws_freeContext(converter);
    av_frame_free(rgb);
    return picture;
  }

  private static void require(int result) {
    assertTrue(result >= 0, () -> "FFmpeg says " + result);
  }
}
