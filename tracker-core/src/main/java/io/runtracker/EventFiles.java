// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.LoggerFactory;

/**
 * Runs that the sink will never take as they are: one file of JSON each, for a person to read, with
 * the requests themselves in it, to be sent again.
 */
final class EventFiles {

  /** What the sink will never take as it is. */
  static final String REJECTED = "rejected";

  /** What was created again after a look-up found nothing; see {@link DuplicateSweep}. */
  static final String REPEATED = "repeated";

  private static final Pattern EVENT = Pattern.compile("\"event\": \"([A-Za-z0-9+/=]*)\"");

  private static final Pattern WINDOW =
      Pattern.compile(
          "\"window_id\": \"([^\"]*)\",\\s*"
              + "\"start_millis\": \"(-?\\d+)\",\\s*\"end_millis\": \"(-?\\d+)\",\\s*"
              + "\"size\": \"(\\d+)\"");

  private final Path directory;

  EventFiles(Path spool, String name) {
    this.directory = spool.resolve(name);
  }

  /** Writes the file whole or not at all. Writing it again replaces it. */
  void add(RequestEvent event, String reason) throws IOException {
    write(event.eventId(), json(event, reason));
  }

  /** As {@link #add(RequestEvent, String)}, with those requests of the window. */
  void add(RequestWindow window, List<RequestEvent> events, String reason) throws IOException {
    write(window.windowId(), json(window, events, reason));
  }

  void add(Repeated run, String reason) throws IOException {
    if (run instanceof Repeated.OfEvent one) {
      add(one.event(), reason);
    } else if (run instanceof Repeated.OfWindow many) {
      add(many.window(), List.of(), reason);
    }
  }

  private void write(String id, String json) throws IOException {
    WholeFile.write(directory.resolve(id + ".json"), json, false);
  }

  /** Deletes the file of a run, if there is one. */
  void remove(String id) throws IOException {
    Files.deleteIfExists(directory.resolve(id + ".json"));
  }

  /** Keeps bytes that no event could be read from; if that fails too, they are gone. */
  void addUnreadable(long position, byte[] payload) {
    try {
      WholeFile.createDirectory(directory);
      Files.write(directory.resolve("unreadable-" + position + ".bin"), payload);
    } catch (IOException e) {
      LoggerFactory.getLogger(Tracker.class).warn("Unreadable bytes could not be kept", e);
    }
  }

  /** The files, oldest name first; none when nothing was rejected. */
  List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, "*.json")) {
        stream.forEach(files::add);
      }
    }
    files.sort(null);
    return files;
  }

  /** The requests in a file: one, or those of a window. */
  static List<RequestEvent> events(Path file) throws IOException {
    List<RequestEvent> events = new ArrayList<>();
    Matcher matcher = EVENT.matcher(Files.readString(file));
    while (matcher.find()) {
      events.add(EventCodec.decode(Base64.getDecoder().decode(matcher.group(1))));
    }
    if (events.isEmpty()) {
      throw new IOException(file + " holds no event");
    }
    return events;
  }

  /** The run that a file is about. */
  static Repeated repeated(Path file) throws IOException {
    Matcher matcher = WINDOW.matcher(Files.readString(file));
    if (!matcher.find()) {
      return new Repeated.OfEvent(events(file).get(0));
    }
    return new Repeated.OfWindow(
        new RequestWindow(
            matcher.group(1),
            Instant.ofEpochMilli(Long.parseLong(matcher.group(2))),
            Instant.ofEpochMilli(Long.parseLong(matcher.group(3))),
            Integer.parseInt(matcher.group(4)),
            Map.of()));
  }

  private static String json(RequestEvent event, String reason) {
    StringBuilder json = new StringBuilder("{\n");
    field(json, "reason", reason);
    field(json, "event_id", event.eventId());
    field(json, "run_name", event.runName());
    field(json, "method", event.method());
    field(json, "url", event.target().url());
    field(json, "status_code", String.valueOf(event.statusCode()));
    field(json, "start_time", event.startTime().toString());
    field(json, "tags", event.tags());
    field(json, "params", event.params());
    field(json, "metrics", event.metrics().toString());
    field(json, "texts", event.texts().keySet().toString());
    json.append("  ");
    appendEncoded(json, event);
    return json.append("\n}\n").toString();
  }

  private static String json(RequestWindow window, List<RequestEvent> events, String reason) {
    StringBuilder json = new StringBuilder("{\n");
    field(json, "reason", reason);
    field(json, "window_id", window.windowId());
    field(json, "start_millis", String.valueOf(window.startTime().toEpochMilli()));
    field(json, "end_millis", String.valueOf(window.endTime().toEpochMilli()));
    field(json, "size", String.valueOf(window.size()));
    json.append("  \"requests\": [");
    String separator = "\n    {";
    for (RequestEvent event : events) {
      json.append(separator);
      appendEncoded(json, event);
      json.append('}');
      separator = ",\n    {";
    }
    return json.append("\n  ]\n}\n").toString();
  }

  private static void appendEncoded(StringBuilder json, RequestEvent event) {
    json.append("\"event\": \"")
        .append(Base64.getEncoder().encodeToString(EventCodec.encode(event)))
        .append('"');
  }

  private static void field(StringBuilder json, String name, String value) {
    json.append("  ");
    quote(json, name);
    json.append(": ");
    quote(json, value);
    json.append(",\n");
  }

  private static void field(StringBuilder json, String name, Map<String, String> values) {
    json.append("  ");
    quote(json, name);
    json.append(": {");
    String separator = "";
    for (Map.Entry<String, String> value : values.entrySet()) {
      json.append(separator);
      quote(json, value.getKey());
      json.append(": ");
      quote(json, value.getValue());
      separator = ", ";
    }
    json.append("},\n");
  }

  /** Everything but plain ASCII is escaped, so that the file is valid whatever a handler logged. */
  private static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < 0x20 || c > 0x7E) {
        json.append(String.format("\\u%04x", (int) c));
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }
}
