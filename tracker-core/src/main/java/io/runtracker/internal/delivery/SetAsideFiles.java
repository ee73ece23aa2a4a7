// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.RequestEvent;
import io.runtracker.internal.event.EventBytes;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * What the sink will never take as it is: a file each, for a person to read, with the requests
 * themselves in it, to be sent again. The first line has the reason; each other line is a request.
 * The bytes of a request come first in its line, so that nothing that a handler wrote can be taken
 * for them.
 */
final class SetAsideFiles implements SetAside {

  private static final String NAME = "rejected";
  private static final String SUFFIX = ".jsonl";
  private static final String EVENT = "{\"event\": \"";

  private final Path directory;

  SetAsideFiles(Path spool) {
    this.directory = spool.resolve(NAME);
  }

  /**
   * Writes a file whole or not at all. Writing it again replaces it.
   *
   * @param id what is set aside; with other characters than those of ids, a part of its name
   * @param events their bytes, which need not be readable
   */
  @Override
  public void add(String id, String reason, List<byte[]> events) throws IOException {
    makeDirectory();
    Path file = directory.resolve(id.replaceAll("[^A-Za-z0-9._-]", "_") + SUFFIX);
    AtomicFile.write(
        file,
        out -> {
          StringBuilder head = new StringBuilder("{");
          field(head, "reason", reason);
          field(head, "id", id);
          line(out, head.append("\"requests\": ").append(events.size()).append('}'));
          for (byte[] event : events) {
            line(out, json(event));
          }
        });
  }

  /** Somebody may have put something else in its place. */
  private void makeDirectory() throws IOException {
    if (Files.exists(directory, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(directory)) {
      Files.move(directory, directory.resolveSibling(NAME + ".foreign-" + System.nanoTime()));
    }
    AtomicFile.createDirectory(directory);
  }

  private static void line(BufferedWriter out, CharSequence text) throws IOException {
    out.append(text).append('\n');
  }

  /** The files, oldest name first; none when nothing was set aside. */
  List<Path> files() throws IOException {
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory, "*" + SUFFIX)) {
        stream.forEach(files::add);
      }
    }
    files.sort(null);
    return files;
  }

  /** The bytes of the requests in a file. */
  static List<byte[]> events(Path file) throws IOException {
    List<byte[]> events = new ArrayList<>();
    for (String line : Files.readAllLines(file, UTF_8)) {
      if (line.startsWith(EVENT)) {
        int end = line.indexOf('"', EVENT.length());
        try {
          events.add(Base64.getDecoder().decode(line.substring(EVENT.length(), end)));
        } catch (RuntimeException e) {
          throw new IOException(file + " holds an event that is cut or changed", e);
        }
      }
    }
    if (events.isEmpty()) {
      throw new IOException(file + " holds no event");
    }
    return events;
  }

  private static StringBuilder json(byte[] bytes) {
    StringBuilder json = new StringBuilder(EVENT);
    json.append(Base64.getEncoder().encodeToString(bytes)).append('"');
    try {
      RequestEvent event = new EventBytes(bytes, 0, bytes.length).decode();
      json.append(", ");
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
      json.setLength(json.length() - 2);
    } catch (IOException unreadable) {
      json.append(", \"unreadable\": ");
      quote(json, String.valueOf(unreadable.getMessage()));
    }
    return json.append('}');
  }

  private static void field(StringBuilder json, String name, String value) {
    quote(json, name);
    json.append(": ");
    quote(json, value);
    json.append(", ");
  }

  private static void field(StringBuilder json, String name, Map<String, String> values) {
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
    json.append("}, ");
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
