package dmdx.nn.weights;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why a file cannot be read, for a message that names the file itself. */
public final class Unreadable {
  private static final Pattern JSON_PLACE =
      Pattern.compile("\\[Source: .*?; line: (\\d+), column: (\\d+)]", Pattern.DOTALL);
  private static final Pattern REASON = Pattern.compile(".*\\((.+)\\)", Pattern.DOTALL);

  private Unreadable() {}

  /** A few words without a full stop: {@code it is not UTF-8}. */
  public static String why(IOException e) {
    String message = String.valueOf(e.getMessage());
    if (e instanceof JsonProcessingException json) {
      return json(json);
    }
    if (e instanceof CharacterCodingException) {
      return "it is not UTF-8";
    }
    if (e instanceof NoSuchFileException) {
      return "there is no such file";
    }
    if (e instanceof AccessDeniedException) {
      return "access denied";
    }
    if (e instanceof FileSystemException file) {
      return file.getReason() == null ? message : file.getReason();
    }
    Matcher reason = REASON.matcher(message);
    return e instanceof FileNotFoundException && reason.matches() ? reason.group(1) : message;
  }

  /** What the parser says and where, without its remarks on the source. */
  private static String json(JsonProcessingException e) {
    String text = JSON_PLACE.matcher(e.getOriginalMessage()).replaceAll("line $1, column $2");
    JsonLocation at = e.getLocation();
    return at == null || at.getLineNr() < 1 ? text : "line " + at.getLineNr() + ": " + text;
  }
}
