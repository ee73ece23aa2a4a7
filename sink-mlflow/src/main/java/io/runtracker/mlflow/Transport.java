// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.URIScheme;
import org.jspecify.annotations.Nullable;

/**
 * Makes calls, each on its caller's thread. There is no thread and no connection before the first
 * one. Safe for many threads.
 */
final class Transport {

  /** MLflow repeats a run's tags when it creates it: 100 of 8,000 characters, each escaped. */
  static final int LONGEST_ANSWER = 32 << 20;

  /** After so long without a call there is no connection and no thread. */
  private static final Duration IDLE = Duration.ofSeconds(10);

  private final MlflowSettings settings;
  private final Duration idle;
  private final Duration longestUse;
  private final ScheduledThreadPoolExecutor timer;
  private final AtomicBoolean isIdleWatched = new AtomicBoolean();
  private @Nullable HttpConnections connections;
  private boolean closed;

  Transport(MlflowSettings settings) {
    this(settings, IDLE, HttpConnections.LONGEST_USE);
  }

  Transport(MlflowSettings settings, Duration idle, Duration longestUse) {
    this.settings = settings;
    this.idle = idle;
    this.longestUse = longestUse;
    this.timer = timer(idle);
  }

  Answer get(String path) throws SinkException, InterruptedException {
    return send("GET", path, null, "application/json");
  }

  Answer postJson(String path, String json) throws SinkException, InterruptedException {
    return send("POST", path, RequestBody.of(json), "application/json");
  }

  /** {@code path} may carry a query; it is not repeated in messages. */
  Answer send(String method, String path, @Nullable RequestBody body, String contentType)
      throws SinkException, InterruptedException {
    int query = path.indexOf('?');
    String asked = query < 0 ? path : path.substring(0, query);
    String call = method + ' ' + settings.server().address() + asked;
    HttpConnections open = connections();
    AtomicBoolean isTooLate = new AtomicBoolean();
    AtomicBoolean isSent = new AtomicBoolean();
    try {
      HttpUriRequestBase request = request(method, path, body, contentType);
      Future<?> deadline = cancelLater(request, isTooLate);
      try {
        return open.execute(request, isSent, response -> answer(call, request, response));
      } finally {
        deadline.cancel(false);
        watchIdle();
      }
    } catch (Error e) {
      forget(open); // by an error the client closes all its connections, and stays closed
      throw e;
    } catch (IOException | RuntimeException e) {
      // The client throws any of those when a call is cancelled before it has a connection.
      if (Thread.interrupted()) {
        throw new InterruptedException(call + " was interrupted");
      }
      if (isTooLate.get()) {
        throw new SinkException(
            isSent.get() ? Kind.UNKNOWN : Kind.UNAVAILABLE,
            call + " was not answered within " + settings.requestTimeout(),
            e);
      }
      throw Failures.unanswered(call, isSent.get(), e);
    }
  }

  /** What a socket waits for is each time the next byte only, and the whole may take for ever. */
  private Future<?> cancelLater(HttpUriRequestBase request, AtomicBoolean isTooLate) {
    return timer.schedule(
        () -> {
          isTooLate.set(true);
          request.cancel();
        },
        settings.requestTimeout().toNanos(),
        TimeUnit.NANOSECONDS);
  }

  private HttpUriRequestBase request(
      String method, String path, @Nullable RequestBody body, String contentType) {
    HttpUriRequestBase request =
        new HttpUriRequestBase(method, URI.create(settings.server().address() + path));
    request.setHeader("Accept", "application/json");
    if (body != null) {
      request.setEntity(new RequestEntity(body, contentType));
    }
    String authorization = settings.server().authorization();
    if (authorization != null) {
      request.setHeader("Authorization", authorization);
    }
    HttpProxy proxy = settings.proxy();
    String login = proxy == null ? null : proxy.authorization();
    if (login != null && URIScheme.HTTP.same(request.getScheme())) {
      request.setHeader("Proxy-Authorization", login); // a tunnel's is asked for as it is dug
    }
    if (settings.workspace() != null) {
      request.setHeader("X-MLFLOW-WORKSPACE", settings.workspace());
    }
    return request;
  }

  private Answer answer(String call, HttpUriRequestBase request, ClassicHttpResponse response)
      throws IOException {
    String text = text(request, response.getEntity());
    return new Answer(
        call,
        response.getCode(),
        header(response, "Location"),
        header(response, "Retry-After"),
        header(response, "Server"),
        response.getCode() < 300 ? text : withoutSecrets(text));
  }

  private String withoutSecrets(String text) {
    HttpProxy proxy = settings.proxy();
    return settings.server().withoutSecrets(proxy == null ? text : proxy.withoutSecrets(text));
  }

  private static @Nullable String header(ClassicHttpResponse response, String name) {
    Header header = response.getFirstHeader(name);
    return header == null ? null : header.getValue();
  }

  private static String text(HttpUriRequestBase request, @Nullable HttpEntity entity)
      throws IOException {
    if (entity == null) {
      return "";
    }
    byte[] bytes = entity.getContent().readNBytes(LONGEST_ANSWER + 1);
    if (bytes.length > LONGEST_ANSWER) {
      // Or the client would read what is left of it.
      request.cancel();
      throw new IOException("the answer is longer than " + LONGEST_ANSWER + " bytes");
    }
    return new String(bytes, UTF_8);
  }

  private synchronized HttpConnections connections() throws SinkException {
    if (closed) {
      throw new SinkException(Kind.UNAVAILABLE, "the sink is closed", null);
    }
    if (connections == null) {
      connections = new HttpConnections(settings, longestUse);
    }
    return connections;
  }

  private synchronized void forget(HttpConnections broken) {
    if (connections == broken) {
      connections = null;
    }
    broken.close();
  }

  private void watchIdle() {
    if (!isIdleWatched.getAndSet(true)) {
      timer.schedule(this::closeIdle, idle.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private void closeIdle() {
    isIdleWatched.set(false); // before the look, so that a call that ends meanwhile is seen
    HttpConnections open = openOnes();
    if (open != null && open.closeIdle(idle)) {
      watchIdle();
    }
  }

  private synchronized @Nullable HttpConnections openOnes() {
    return connections;
  }

  private static ScheduledThreadPoolExecutor timer(Duration idle) {
    ScheduledThreadPoolExecutor executor =
        new ScheduledThreadPoolExecutor(
            1,
            work -> {
              Thread thread = new Thread(work, "runtracker-mlflow-timer");
              thread.setDaemon(true);
              // Or it would hold on to the application that happened to make the first call.
              thread.setContextClassLoader(Transport.class.getClassLoader());
              return thread;
            });
    executor.setKeepAliveTime(idle.toMillis(), TimeUnit.MILLISECONDS);
    executor.allowCoreThreadTimeOut(true);
    executor.setRemoveOnCancelPolicy(true);
    // A call that begins while the sink is closed finds no connection, so it needs no time limit.
    executor.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
    return executor;
  }

  /** Ends calls that are under way, too. */
  synchronized void close() {
    closed = true;
    if (connections != null) {
      connections.close();
    }
    connections = null;
    timer.shutdownNow();
  }
}
