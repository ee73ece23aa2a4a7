// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Finds or starts the one server of a build; of many JVMs that ask at once, one starts it. */
final class SharedServer {

  private static final String PREFIX = "pid-";

  private SharedServer() {}

  /** Where the server of one build lives: two builds in one tree must not end each other's. */
  static Path directory(Build build) {
    return build.directory().resolve("mlflow-shared").resolve(PREFIX + build.pid());
  }

  // A FileLock holds between processes, the monitor between the threads of this one.
  static synchronized ServerState findOrStart(Path directory, long watchedPid) {
    try {
      Files.createDirectories(directory);
      try (FileChannel channel =
          FileChannel.open(
              directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        channel.lock(); // until the channel is closed
        Optional<ServerState> found =
            ServerState.read(ServerScript.stateFile(directory)).filter(SharedServer::answers);
        if (found.isPresent()) {
          return found.get();
        }
        deleteOfEndedBuilds(directory);
        return ServerScript.serve(directory, 0, watchedPid, List.of());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void deleteOfEndedBuilds(Path directory) throws IOException {
    try (DirectoryStream<Path> builds =
        Files.newDirectoryStream(directory.resolveSibling("."), PREFIX + "*")) {
      for (Path build : builds) {
        long pid = Long.parseLong(build.getFileName().toString().substring(PREFIX.length()));
        if (ProcessHandle.of(pid).isEmpty()) {
          DeleteTree.at(build);
        }
      }
    }
  }

  private static boolean answers(ServerState state) {
    if (ProcessHandle.of(state.pid()).isEmpty()) {
      return false;
    }
    HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(state.url() + "/health"))
            .timeout(Duration.ofSeconds(30))
            .build();
    try {
      return client.send(request, BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while the shared server was asked", e);
    }
  }
}
