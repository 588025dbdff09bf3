package dmdx.runner.ui;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** What an answer carries. */
sealed interface Body extends Closeable {

  /** In bytes. */
  long length();

  void writeTo(OutputStream out) throws IOException;

  @Override
  default void close() throws IOException {}

  /** Bytes at hand. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Bytes(byte[] all) implements Body {
    @Override
    public long length() {
      return all.length;
    }

    @Override
    public void writeTo(OutputStream out) throws IOException {
      out.write(all);
    }
  }

  /** A part of an open file, which is sent piece by piece. */
  record Part(FileChannel file, long from, long length) implements Body {
    private static final int PIECE = 1 << 16;

    @Override
    public void writeTo(OutputStream out) throws IOException {
      ByteBuffer piece = ByteBuffer.allocate(PIECE);
      long at = from;
      for (long left = length; left > 0; left -= piece.limit()) {
        piece.clear().limit((int) Math.min(PIECE, left));
        while (piece.hasRemaining()) {
          int read = file.read(piece, at);
          if (read < 0) {
            throw new IOException("the file has become shorter");
          }
          at += read;
        }
        out.write(piece.array(), 0, piece.limit());
      }
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
