// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/** Says what a failure means, and what happened in words that hold no credentials. */
final class Failures {

  private static final int LONGEST_MESSAGE = 300;

  /** Codes that come with status 500, for what will be no different the next time. */
  private static final Set<String> PERMANENT =
      Set.of(
          "FEATURE_DISABLED",
          "INVALID_PARAMETER_VALUE",
          "BAD_REQUEST",
          "NOT_IMPLEMENTED",
          "ENDPOINT_NOT_FOUND",
          "INVALID_STATE");

  /**
   * How the message of a 400 begins when too many calls were under way for the pool of the server's
   * database. None of them is at fault, and what they did before they waited is not said.
   */
  private static final String NO_DATABASE_CONNECTION = "QueuePool limit";

  /**
   * How the message of a 400 begins when a call meets its own repetition, and the server's database
   * has the other's rows already. Another try finds them.
   */
  private static final Pattern MET_ITSELF =
      Pattern.compile("\\([\\w.]*(IntegrityError|UniqueViolation)\\).*", Pattern.DOTALL);

  /** How the message of a 400 begins when a file is larger than MLflow's page may upload. */
  private static final String LARGE_UPLOAD = "Artifact size is too large";

  private static final String PROXY_LOGIN =
      " (a proxy asks for a login; name it in HTTP_PROXY or HTTPS_PROXY, as"
          + " http://user:password@host:port)";

  /** How the text of a 403 begins when the server was not told of the name that it is called by. */
  private static final String UNKNOWN_HOST = "Invalid Host header";

  private static final String ALLOWED_HOSTS = " (start MLflow with this host in --allowed-hosts)";

  private static final String CREDENTIALS =
      " (check the credentials, such as MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, and"
          + " restart the service)";

  private Failures() {}

  /**
   * A call that was not answered.
   *
   * @param isSent whether any of it may have reached the server
   */
  static SinkException unanswered(String call, boolean isSent, Throwable cause) {
    // A server that wants another certificate may say so after the handshake.
    boolean mayHaveActed = isSent && !(cause instanceof SSLHandshakeException);
    Kind kind = mayHaveActed ? Kind.UNKNOWN : Kind.UNAVAILABLE;
    return new SinkException(
        kind,
        call + " failed: " + deepest(cause).map(t -> t + ", ").orElse("") + cause + whatToDo(cause),
        cause);
  }

  private static String whatToDo(Throwable cause) {
    if (cause instanceof SSLHandshakeException) {
      return "; check MLFLOW_TRACKING_SERVER_CERT_PATH and MLFLOW_TRACKING_CLIENT_CERT_PATH";
    }
    return cause instanceof UnknownHostException || cause instanceof ConnectException
        ? "; check that MLflow is up, and that this is its address"
        : "";
  }

  /** The bottom of the causes says more than the top, such as which certificate was not trusted. */
  private static Optional<String> deepest(Throwable cause) {
    Throwable deepest = cause;
    for (int i = 0; i < 20 && deepest.getCause() != null; i++) {
      deepest = deepest.getCause();
    }
    return deepest == cause ? Optional.empty() : Optional.of(shorten(deepest.toString()));
  }

  /** An answer that is not a success. */
  static SinkException of(Answer answer) {
    String code = answer.errorCode();
    String message =
        answer.call()
            + " answered "
            + answer.status()
            + (code == null ? "" : " " + code)
            + redirection(answer)
            + whatToDo(answer)
            + (answer.isPage() ? page(answer) : ": " + shorten(answer.message()));
    return new SinkException(
        kind(answer), message, NameRefusedException.of(answer), retryAfter(answer));
  }

  /** Where somebody can do something; no page of a proxy can tell whether credentials are wrong. */
  private static String whatToDo(Answer answer) {
    if (answer.status() == 407) {
      return PROXY_LOGIN;
    }
    if (answer.isPage() || kind(answer) != Kind.UNAUTHORIZED) {
      return "";
    }
    return answer.message().startsWith(UNKNOWN_HOST) ? ALLOWED_HOSTS : CREDENTIALS;
  }

  /** Who put it there, and not whether credentials are wrong, which no page can tell. */
  private static String page(Answer answer) {
    String by = answer.answerer() == null ? "" : " of '" + shorten(answer.answerer()) + "'";
    return " with a page"
        + by
        + ", which is not MLflow's answer (is there a proxy, a firewall or another server at this"
        + " address?): "
        + shorten(answer.textOfPage());
  }

  /** A success whose body is not what MLflow answers; whether it did anything, nobody knows. */
  static SinkException unreadable(Answer answer) {
    return new SinkException(
        Kind.UNKNOWN,
        answer.call()
            + " answered "
            + answer.status()
            + " with what is not MLflow's answer (is there a proxy between?): "
            + shorten(answer.body()),
        null);
  }

  /** A refusal that any other file would meet too. */
  static SinkException unsupported(SinkException refusal) {
    return new SinkException(Kind.UNSUPPORTED, String.valueOf(refusal.getMessage()), refusal);
  }

  private static Kind kind(Answer answer) {
    int status = answer.status();
    if (status < 400) {
      return Kind.UNAVAILABLE;
    }
    return switch (status) {
      case 401, 403, 407 -> Kind.UNAUTHORIZED;
      case 408, 429, 503 -> Kind.UNAVAILABLE;
      case 413, 414, 431 -> Kind.TOO_LARGE;
      case 502, 504 -> Kind.UNKNOWN;
      default -> kindByCode(answer);
    };
  }

  /**
   * A refusal that is not in MLflow's words may come from anything in between, so it is tried again
   * and does not condemn every request behind a mistyped address.
   */
  private static Kind kindByCode(Answer answer) {
    String code = answer.errorCode();
    if (code == null) {
      return Kind.FAILED;
    }
    if (code.equals("TEMPORARILY_UNAVAILABLE") || code.equals("REQUEST_LIMIT_EXCEEDED")) {
      return Kind.UNAVAILABLE;
    }
    if (code.equals(Answer.DOES_NOT_EXIST)) {
      return Kind.GONE;
    }
    if (code.equals("PERMISSION_DENIED") || code.equals("UNAUTHENTICATED")) {
      return Kind.UNAUTHORIZED;
    }
    if (answer.message().startsWith(NO_DATABASE_CONNECTION)) {
      return Kind.UNKNOWN;
    }
    if (MET_ITSELF.matcher(answer.message()).matches()) {
      return Kind.FAILED;
    }
    if (answer.message().startsWith(LARGE_UPLOAD)) {
      return Kind.TOO_LARGE;
    }
    return answer.status() < 500 || PERMANENT.contains(code) ? Kind.REFUSED : Kind.FAILED;
  }

  private static String redirection(Answer answer) {
    String location = answer.location();
    if (answer.status() / 100 != 3 || location == null) {
      return "";
    }
    try {
      URI uri = URI.create(location);
      String host = uri.getHost() == null ? "" : uri.getScheme() + "://" + uri.getHost();
      String port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
      return " (to "
          + host
          + port
          + uri.getPath()
          + "; redirects are not followed, so name"
          + " that server in MLFLOW_TRACKING_URI)";
    } catch (IllegalArgumentException notAnAddress) {
      return " (redirects are not followed)";
    }
  }

  static @Nullable Duration retryAfter(Answer answer) {
    String value = answer.retryAfter() == null ? "" : answer.retryAfter().strip();
    if (value.matches("\\d{1,9}(\\.\\d*)?")) {
      return Duration.ofMillis((long) (Double.parseDouble(value) * 1000));
    }
    try {
      Instant until = ZonedDateTime.parse(value, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
      Duration pause = Duration.between(Instant.now(), until);
      return pause.isNegative() ? Duration.ZERO : pause;
    } catch (DateTimeException neither) {
      return null;
    }
  }

  static String shorten(String text) {
    String line = text.strip().replaceAll("\\s+", " ");
    return line.length() <= LONGEST_MESSAGE ? line : Text.prefix(line, LONGEST_MESSAGE) + "…";
  }
}
