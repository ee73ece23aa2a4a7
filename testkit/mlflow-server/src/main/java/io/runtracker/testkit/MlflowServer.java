// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A real MLflow server on 127.0.0.1. {@link #shared()} is the one that all tests of a build use,
 * each with an experiment of its own; {@link #start} makes a private one, to be mistreated.
 *
 * <p>Nobody leaves a server behind: it watches the process it serves (the whole Maven build for the
 * shared one, this JVM for a private one) and ends with it, however that ends. The methods of one
 * server are for one thread at a time.
 */
public final class MlflowServer implements AutoCloseable {

  /**
   * How a private server is to be.
   *
   * @param port 0 for any free one
   * @param workers uvicorn worker processes
   * @param basicAuth whether MLflow asks for user and password
   * @param tls whether it is behind TLS, with a CA of its own
   * @param backendStoreUri a database instead of a fresh SQLite file, or null
   */
  public record Options(
      int port, int workers, boolean basicAuth, boolean tls, @Nullable String backendStoreUri) {

    /** Any free port, one worker, no credentials, no TLS, a SQLite file. */
    public static Options plain() {
      return new Options(0, 1, false, false, null);
    }

    public Options port(int value) {
      return new Options(value, workers, basicAuth, tls, backendStoreUri);
    }

    public Options workers(int value) {
      return new Options(port, value, basicAuth, tls, backendStoreUri);
    }

    public Options withBasicAuth() {
      return new Options(port, workers, true, tls, backendStoreUri);
    }

    public Options withTls() {
      return new Options(port, workers, basicAuth, true, backendStoreUri);
    }

    public Options backendStoreUri(String value) {
      return new Options(port, workers, basicAuth, tls, value);
    }

    List<String> arguments() {
      List<String> arguments = new ArrayList<>(List.of("--workers", Integer.toString(workers)));
      if (basicAuth) {
        arguments.add("--basic-auth");
      }
      if (tls) {
        arguments.add("--tls");
      }
      if (backendStoreUri != null) {
        arguments.addAll(List.of("--backend-store-uri", backendStoreUri));
      }
      return arguments;
    }
  }

  private static final Duration ENDING = Duration.ofSeconds(30);

  private final Options options;
  private final Path directory;
  private final boolean shared;
  private ServerState state;

  private MlflowServer(Options options, Path directory, boolean shared, ServerState state) {
    this.options = options;
    this.directory = directory;
    this.shared = shared;
    this.state = state;
  }

  /**
   * The plain server of this build: the first caller of any module or forked JVM starts it, all
   * others find it. It ends with the build; {@link #close()} leaves it running.
   */
  public static MlflowServer shared() {
    Build build = Build.current();
    Path directory = SharedServer.directory(build);
    ServerState state = SharedServer.findOrStart(directory, build.pid());
    return new MlflowServer(Options.plain(), directory, true, state);
  }

  /**
   * Starts a server of one's own; takes some seconds (and minutes where MLflow is not installed
   * yet).
   */
  public static MlflowServer start(Options options) {
    Path directory =
        Build.current().directory().resolve("mlflow-private").resolve(UUID.randomUUID().toString());
    ServerState state = launch(options, directory, options.port());
    return new MlflowServer(options, directory, false, state);
  }

  private static ServerState launch(Options options, Path directory, int port) {
    return ServerScript.serve(directory, port, ProcessHandle.current().pid(), options.arguments());
  }

  public URI uri() {
    return URI.create(state.url());
  }

  /** The CA to trust (PEM), when it is behind TLS. */
  public Optional<Path> caCertificate() {
    return Optional.ofNullable(state.caCertificate()).map(Path::of);
  }

  public Optional<String> username() {
    return Optional.ofNullable(state.username());
  }

  public Optional<String> password() {
    return Optional.ofNullable(state.password());
  }

  /** What the server printed. */
  public Path log() {
    return Path.of(state.log());
  }

  /** The Python that has MLflow, and pandas with it. */
  public Path python() {
    return Path.of(state.python());
  }

  /** The ids of its processes when it began to answer. */
  public List<Long> pids() {
    return state.pids();
  }

  /**
   * SIGKILL to every process of the server; its database and its port stay for {@link #restart()}.
   */
  public void kill() {
    requirePrivate();
    if (isRunning()) {
      signal("KILL");
    }
    awaitEnd();
  }

  /**
   * SIGSTOP to every process of the server: connections are still accepted, nothing is answered.
   */
  public void freeze() {
    requirePrivate();
    signal("STOP");
  }

  /** Lets a frozen server go on. */
  public void thaw() {
    requirePrivate();
    signal("CONT");
  }

  /** Starts it anew on the same port with the same database; kills it first where it still runs. */
  public void restart() {
    kill();
    state = launch(options, directory, state.port());
  }

  /** As {@link #restart()}, with a database as new; the artifacts stay. For SQLite. */
  public void restartEmptied() {
    kill();
    for (String suffix : List.of("", "-wal", "-shm", "-journal")) {
      try {
        Files.deleteIfExists(directory.resolve("mlflow.db" + suffix));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    restart();
  }

  /** Whether its supervisor still runs; it ends right after the server's processes. */
  public boolean isRunning() {
    return ProcessHandle.of(state.pid()).filter(ProcessHandle::isAlive).isPresent();
  }

  /** Ends a private server and deletes its data; leaves the shared one alone. */
  @Override
  public void close() {
    if (shared) {
      return;
    }
    ProcessHandle.of(state.pid()).ifPresent(ProcessHandle::destroy);
    awaitEnd();
    DeleteTree.at(directory);
  }

  private void signal(String name) {
    ServerScript.signalGroup(name, state.processGroup());
  }

  private void awaitEnd() {
    ProcessHandle.of(state.pid())
        .ifPresent(supervisor -> ServerScript.awaitEnd(supervisor, ENDING));
  }

  private void requirePrivate() {
    if (shared) {
      throw new IllegalStateException("the shared server is for everybody; start a private one");
    }
  }

  @Override
  public String toString() {
    return "MlflowServer[" + state.url() + (Files.exists(directory) ? "" : ", closed") + "]";
  }
}
