// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The state file of {@code mlflow_server.py}: it is there while a server answers. */
@JsonIgnoreProperties(ignoreUnknown = true)
record ServerState(
    String url,
    int port,
    long pid,
    long processGroup,
    List<Long> pids,
    String log,
    String python,
    @Nullable String caCertificate,
    @Nullable String username,
    @Nullable String password) {

  private static final JsonMapper JSON = new JsonMapper();

  /** Written in one step by the script, so it is either whole or not there. */
  static Optional<ServerState> read(Path file) {
    try {
      return Optional.of(JSON.readValue(Files.readAllBytes(file), ServerState.class));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
