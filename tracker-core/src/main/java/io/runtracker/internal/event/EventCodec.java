// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.event;

import static io.runtracker.internal.event.EventBytes.ERROR_DETAILS;
import static io.runtracker.internal.event.EventBytes.ERROR_TYPE;
import static io.runtracker.internal.event.EventBytes.HOST;
import static io.runtracker.internal.event.EventBytes.METHOD;
import static io.runtracker.internal.event.EventBytes.METRIC;
import static io.runtracker.internal.event.EventBytes.NAME;
import static io.runtracker.internal.event.EventBytes.PARAM;
import static io.runtracker.internal.event.EventBytes.PATH;
import static io.runtracker.internal.event.EventBytes.PORT;
import static io.runtracker.internal.event.EventBytes.QUERY;
import static io.runtracker.internal.event.EventBytes.ROUTE;
import static io.runtracker.internal.event.EventBytes.SCHEME;
import static io.runtracker.internal.event.EventBytes.SOURCE;
import static io.runtracker.internal.event.EventBytes.TAG;
import static io.runtracker.internal.event.EventBytes.TEXT;

import io.runtracker.Metric;
import io.runtracker.RequestTarget;
import io.runtracker.RunStatus;
import io.runtracker.internal.log.Fields;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Events to bytes and back; see {@link EventBytes}. Most events of a service have the same few
 * methods, hosts and routes: their bytes are remembered.
 *
 * <p>Not safe for use by several threads; {@link #decode} is.
 */
public final class EventCodec {

  /** More of one text nobody reads; as much as a sink keeps of it. */
  static final int LONGEST_TEXT = 1 << 20;

  /** More than any server takes as a part of a URL, a name or a class. */
  public static final int LONGEST_PART = 64 << 10;

  /** What an event may take together, so that one request never takes the room of many. */
  public static final int MOST_BYTES = 4 << 20;

  /** Of what a handler logged, so much is left out as is too much. */
  public static final String INCOMPLETE = "runtracker.incomplete";

  private static final long NO_PORT = Long.MIN_VALUE;

  private static final int REMEMBERED = 256;

  /** Longer ones are seldom the same, and remembering them would cost memory. */
  private static final int LONGEST_REMEMBERED = 128;

  private final long slowNanos;

  // By a hash; what came last has the place.
  private final @Nullable String[] texts = new String[REMEMBERED];
  private final byte[][] bytesOfTexts = new byte[REMEMBERED][];

  /**
   * @param slowNanos what takes longer is marked as slow
   */
  public EventCodec(long slowNanos) {
    this.slowNanos = slowNanos;
  }

  /** Writes an event. */
  public void encode(RecordedEvent event, Fields out) {
    int start = out.size();
    out.number(EventBytes.VERSION, Byte.SIZE).number(flags(event), Byte.SIZE);
    out.number(event.statusCode(), Short.SIZE).number(labelHash(event), Integer.SIZE);
    out.number(event.startMillis(), Long.SIZE).number(event.durationNanos(), Long.SIZE);
    out.number(event.sequence(), Long.SIZE);
    repeated(out, SOURCE, event.source());
    repeated(out, METHOD, event.method());
    target(out, event.target());
    repeated(out, ROUTE, event.route());
    text(out, NAME, event.givenName());
    repeated(out, ERROR_TYPE, event.errorType());
    if (event.errorDetails() != null) {
      out.field(ERROR_DETAILS, cut(event.errorDetails(), LONGEST_TEXT));
    }
    if (event.hasEntries()) {
      entries(out, event, start + MOST_BYTES);
    }
  }

  private int flags(RecordedEvent event) {
    return (event.status() == RunStatus.FAILED ? EventBytes.FAILED : 0)
        | (event.durationNanos() >= slowNanos ? EventBytes.SLOW : 0)
        | (event.hasOwnData() ? EventBytes.OWN_DATA : 0)
        | (event.status() == RunStatus.KILLED ? EventBytes.KILLED : 0);
  }

  private static int labelHash(RecordedEvent event) {
    String route = event.route();
    return 31 * event.method().hashCode() + (route == null ? 0 : route.hashCode());
  }

  private void target(Fields out, RequestTarget target) {
    repeated(out, SCHEME, target.scheme());
    repeated(out, HOST, target.host());
    if (target.port() != target.defaultPort()) {
      out.field(PORT, target.port());
    }
    text(out, PATH, target.path());
    text(out, QUERY, target.query());
  }

  private static void entries(Fields out, RecordedEvent event, int limit) {
    boolean[] incomplete = {false};
    event.tags().forEach((key, value) -> incomplete[0] |= !entry(out, TAG, key, value, limit));
    event.params().forEach((key, value) -> incomplete[0] |= !entry(out, PARAM, key, value, limit));
    event.texts().forEach((file, text) -> incomplete[0] |= !entry(out, TEXT, file, text, limit));
    for (Metric metric : event.metrics()) {
      byte[] key = Fields.utf8(cut(metric.key(), LONGEST_PART));
      if (out.size() + key.length > limit) {
        incomplete[0] = true;
        break;
      }
      out.varint(METRIC).varint(3L * Long.BYTES + key.length);
      out.number(Double.doubleToRawLongBits(metric.value()), Long.SIZE);
      out.number(metric.timestampMillis(), Long.SIZE).number(metric.step(), Long.SIZE);
      out.raw(key, 0, key.length);
    }
    if (incomplete[0]) {
      out.field(TAG, INCOMPLETE, "size");
    }
  }

  private static boolean entry(Fields out, int tag, String key, String value, int limit) {
    int before = out.size();
    out.field(tag, cut(key, LONGEST_PART), cut(value, LONGEST_TEXT));
    boolean fits = out.size() <= limit;
    if (!fits) {
      out.cutTo(before);
    }
    return fits;
  }

  /** No text that may hold a secret: it would stay in memory. */
  private void repeated(Fields out, int tag, @Nullable String text) {
    if (text == null || text.length() > LONGEST_REMEMBERED) {
      text(out, tag, text);
      return;
    }
    int hash = text.hashCode();
    int slot = (hash ^ (hash >>> 8) ^ (hash >>> 16)) & (REMEMBERED - 1);
    if (!text.equals(texts[slot])) {
      bytesOfTexts[slot] = Fields.utf8(text);
      texts[slot] = text;
    }
    out.field(tag, bytesOfTexts[slot]);
  }

  private static void text(Fields out, int tag, @Nullable String text) {
    if (text != null) {
      out.field(tag, cut(text, LONGEST_PART));
    }
  }

  /** A text of at most so many characters; what is cut ends in a mark. */
  public static String cut(String text, int longest) {
    if (text.length() <= longest) {
      return text;
    }
    String mark = "… [cut from " + text.length() + " characters]";
    int end = longest - mark.length();
    return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end)
        + mark;
  }

  /** Reads an event back; fails when the bytes are not what they seem. */
  // Longer than others: each field has a line, and what is split would hand on ten variables.
  static RecordedEvent decode(EventBytes bytes) throws IOException {
    String source = "";
    String method = "";
    String scheme = "";
    String host = "";
    String path = "";
    String query = null;
    long port = NO_PORT;
    String errorType = null;
    String errorDetails = null;
    RecordedEvent.Builder event = RecordedEvent.builder();
    for (Fields.Reader in = bytes.fields(); in.next(); ) {
      switch (in.tag()) {
        case SOURCE -> source = in.text();
        case METHOD -> method = in.text();
        case SCHEME -> scheme = in.text();
        case HOST -> host = in.text();
        case PORT -> port = in.number();
        case PATH -> path = in.text();
        case QUERY -> query = in.text();
        case ROUTE -> event.route(in.text());
        case NAME -> event.name(in.text());
        case ERROR_TYPE -> errorType = in.text();
        case ERROR_DETAILS -> errorDetails = in.text();
        case TAG -> event.tag(in.keyAndValue().text(), in.keyAndValue().rest());
        case PARAM -> event.param(in.keyAndValue().text(), in.keyAndValue().rest());
        case TEXT -> event.text(in.keyAndValue().text(), in.keyAndValue().rest());
        case METRIC -> event.metric(metric(bytes.array(), in));
        default -> {} // of a later version
      }
    }
    int ownPort = RequestTarget.defaultPort(scheme);
    RequestTarget target =
        new RequestTarget(scheme, host, port == NO_PORT ? ownPort : (int) port, path, query);
    return event
        .of(source, bytes.sequence(), method, target)
        .statusCode(bytes.statusCode())
        .killed(bytes.status() == RunStatus.KILLED)
        .ownData(bytes.hasOwnData())
        .timing(bytes.startMillis(), bytes.durationNanos())
        .error(errorType, errorDetails)
        .build();
  }

  private static Metric metric(byte[] array, Fields.Reader in) throws IOException {
    int key = 3 * Long.BYTES;
    if (in.length() < key) {
      throw new IOException("a metric of " + in.length() + " bytes");
    }
    int at = in.start();
    return new Metric(
        new String(array, at + key, in.length() - key, java.nio.charset.StandardCharsets.UTF_8),
        Double.longBitsToDouble(Fields.Reader.number(array, at, Long.SIZE)),
        Fields.Reader.number(array, at + Long.BYTES, Long.SIZE),
        Fields.Reader.number(array, at + 2 * Long.BYTES, Long.SIZE));
  }
}
