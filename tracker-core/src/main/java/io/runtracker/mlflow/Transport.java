// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.SinkException;
import io.runtracker.SinkException.Kind;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls. There is no thread and no connection before the first one. Safe for many threads.
 */
final class Transport {

  private static final int THREADS = 4;
  private static final int IDLE_SECONDS = 10;
  private static final AtomicInteger THREAD_NUMBER = new AtomicInteger();

  private final MlflowSettings settings;
  private final ScheduledThreadPoolExecutor executor = executor();
  private @Nullable HttpClient client;
  private boolean closed;

  Transport(MlflowSettings settings) {
    this.settings = settings;
  }

  Answer get(String path) throws SinkException, InterruptedException {
    return send("GET", path, null, "application/json");
  }

  Answer postJson(String path, String json) throws SinkException, InterruptedException {
    return send("POST", path, BodyPublishers.ofString(json, UTF_8), "application/json");
  }

  /** {@code path} may carry a query; it is not repeated in messages. */
  Answer send(String method, String path, @Nullable BodyPublisher body, String contentType)
      throws SinkException, InterruptedException {
    int query = path.indexOf('?');
    String call = method + ' ' + (query < 0 ? path : path.substring(0, query));
    HttpRequest request = request(method, path, body, contentType);
    long deadline = System.nanoTime() + settings.requestTimeout().toNanos();
    try {
      // Not sendAsync, which has one more thread end the call: on a single core, a new one each
      // time.
      HttpResponse<String> response =
          client().send(request, head -> new LimitedBody(deadline, executor));
      return new Answer(
          call,
          response.statusCode(),
          response.headers(),
          response.statusCode() < 300
              ? response.body()
              : settings.server().withoutSecrets(response.body()));
    } catch (IOException | IllegalArgumentException copy) {
      // Each is a copy that names this thread, with what happened as its cause.
      Throwable e = copy.getCause() == null ? copy : copy.getCause();
      throw isTooLate(e)
          ? new SinkException(
              Kind.UNKNOWN, call + " was not answered within " + settings.requestTimeout(), e)
          : Failures.unanswered(call, e);
    }
  }

  /** Whether there was no head in time, or no body; but there was a connection. */
  private static boolean isTooLate(Throwable e) {
    return e instanceof HttpTimeoutException && !(e instanceof HttpConnectTimeoutException);
  }

  private HttpRequest request(
      String method, String path, @Nullable BodyPublisher body, String contentType) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(settings.server().address() + path))
            .header("Accept", "application/json")
            .header("User-Agent", "runtracker")
            .timeout(settings.requestTimeout())
            .method(method, body == null ? BodyPublishers.noBody() : body);
    if (body != null) {
      request.header("Content-Type", contentType);
    }
    String authorization = settings.server().authorization();
    if (authorization != null) {
      request.header("Authorization", authorization);
    }
    if (settings.workspace() != null) {
      request.header("X-MLFLOW-WORKSPACE", settings.workspace());
    }
    return request.build();
  }

  private synchronized HttpClient client() throws SinkException {
    if (closed) {
      throw new SinkException(Kind.UNAVAILABLE, "the sink is closed", null);
    }
    if (client == null) {
      HttpClient.Builder builder =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .followRedirects(HttpClient.Redirect.NEVER)
              .connectTimeout(settings.connectTimeout())
              .executor(executor);
      if (settings.tls() != null) {
        builder.sslContext(settings.tls());
      }
      client = builder.build();
    }
    return client;
  }

  /** For the client's own work, and for what an answer does when its time is over. */
  private static ScheduledThreadPoolExecutor executor() {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(
            THREADS,
            work -> {
              Thread thread =
                  new Thread(work, "runtracker-mlflow-http-" + THREAD_NUMBER.incrementAndGet());
              thread.setDaemon(true);
              // Or it would hold on to the application that happened to make the first call.
              thread.setContextClassLoader(Transport.class.getClassLoader());
              return thread;
            });
    executor.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
    executor.allowCoreThreadTimeOut(true);
    executor.setRemoveOnCancelPolicy(true);
    return executor;
  }

  synchronized void close() {
    closed = true;
    if (client != null) {
      shutdown(client);
    }
    client = null;
  }

  /**
   * From Java 21 on a client can be told to end. Before, its selector thread ends when nobody holds
   * the client any more; its other threads time out.
   */
  private static void shutdown(HttpClient client) {
    try {
      MethodHandles.publicLookup()
          .findVirtual(HttpClient.class, "shutdownNow", MethodType.methodType(void.class))
          .invoke(client);
    } catch (NoSuchMethodException beforeJava21) {
      return;
    } catch (Throwable e) {
      throw new IllegalStateException("the HTTP client does not end", e);
    }
  }
}
