// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.NO_ENVIRONMENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.runtracker.RequestTarget;
import io.runtracker.Tracker;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ProxySelector;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** What happens between a call and a server, with a peer in the server's place. */
@Timeout(60)
class TransportTest {

  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

  private final HttpPeer peer = HttpPeer.start();
  private Transport transport = transport(peer.address(), Duration.ofSeconds(10));

  private static Transport transport(String address, Duration idle) {
    return transport(address, idle, NO_ENVIRONMENT);
  }

  private static Transport transport(
      String address, Duration idle, Map<String, String> environment) {
    MlflowSink.Builder sink =
        MlflowSink.builder()
            .environment(environment)
            .trackingUri(address)
            .username("alice")
            .password("s3cr3t")
            .requestTimeout(Duration.ofMinutes(10));
    return new Transport(new SettingsResolver(sink).resolve(), idle, HttpConnections.LONGEST_USE);
  }

  @AfterEach
  void close() {
    transport.close();
    peer.close();
  }

  @Test
  void callsUseOneConnectionAfterTheOther() throws Exception {
    peer.answer(OK);
    for (int i = 0; i < 5; i++) {
      assertThat(transport.get("/a").body()).isEqualTo("{}");
    }
    assertThat(peer.connections()).isEqualTo(1);
  }

  @Test
  void aConnectionThatTheServerClosedInSilenceIsNotUsedAgain() throws Exception {
    peer.answerAndClose(OK);
    transport.get("/a");
    await().until(() -> peer.open() == 0);
    TimeUnit.MILLISECONDS.sleep(150); // Idle for longer than a connection is used unseen.
    assertThat(transport.postJson("/b", "{}").isOk()).isTrue();
    assertThat(peer.connections()).isEqualTo(2);
  }

  @Test
  void aCallIsMadeOnceWhateverBecomesOfIt() {
    peer.answerAndClose("");
    assertThat(catchThrowableOfType(SinkException.class, () -> transport.get("/a")).kind())
        .isEqualTo(Kind.UNKNOWN);
    peer.answer("HTTP/1.1 503 Later\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n");
    assertThatThrownBy(() -> MlflowApi.requireJson(transport.postJson("/b", "{}")))
        .isInstanceOf(SinkException.class);
    assertThat(peer.requestLines()).containsExactly("GET /a HTTP/1.1", "POST /b HTTP/1.1");
  }

  @Test
  void anInterruptEndsACallWhoseBodyNobodyTakes() throws Exception {
    peer.hang();
    String large = "x".repeat(20 << 20);
    assertThat(isInterruptedWhileUnderWay(() -> transport.postJson("/a", large))).isTrue();
  }

  @Test
  void anAnswerThatComesBeforeTheBodyIsSentIsHeard() throws Exception {
    int large = 40 << 20; // more than the kernel's buffers hold
    peer.answerFromTheHead("HTTP/1.1 413 Too large\r\nContent-Length: 0\r\n\r\n");
    assertThat(transport.postJson("/a", "x".repeat(large)).status()).isEqualTo(413);
    await().until(() -> peer.open() == 0);
    assertThat(peer.discarded()).isLessThan(large);
  }

  @Test
  void afterAnErrorOfTheJvmCallsAreMadeAsBefore() throws Exception {
    peer.answer(OK);
    RequestBody failing =
        new RequestBody() {
          @Override
          public long length() {
            return 1;
          }

          @Override
          public void writeTo(OutputStream out) {
            throw new OutOfMemoryError("on purpose");
          }
        };
    assertThatThrownBy(() -> transport.send("PUT", "/a", failing, "text/plain"))
        .isInstanceOf(OutOfMemoryError.class);
    assertThat(transport.get("/b").isOk()).isTrue();
  }

  @Test
  void aCallThatHadNoConnectionIsUnavailableAndNotUnknown() {
    peer.close();
    assertThat(catchThrowableOfType(SinkException.class, () -> transport.get("/a")).kind())
        .isEqualTo(Kind.UNAVAILABLE);
    String proxy = "http://127.0.0.1:" + peer.port();
    Transport tunnel =
        transport("https://mlflow.invalid", Duration.ofSeconds(10), Map.of("HTTPS_PROXY", proxy));
    assertThat(catchThrowableOfType(SinkException.class, () -> tunnel.get("/a")).kind())
        .isEqualTo(Kind.UNAVAILABLE);
    tunnel.close();
  }

  @Test
  void aTunnelThatBreaksWhileItIsDugIsUnavailable() {
    peer.answerAndClose("");
    String proxy = "http://127.0.0.1:" + peer.port();
    transport.close();
    transport =
        transport("https://mlflow.invalid", Duration.ofSeconds(10), Map.of("HTTPS_PROXY", proxy));
    assertThat(catchThrowableOfType(SinkException.class, () -> transport.get("/a")).kind())
        .isEqualTo(Kind.UNAVAILABLE);
  }

  @Test
  void anInterruptFromBeforeEndsACallAtOnce() {
    Thread.currentThread().interrupt();
    assertThatThrownBy(() -> transport.get("/a")).isInstanceOf(InterruptedException.class);
    assertThat(Thread.interrupted()).isFalse();
  }

  @Test
  void anAnswerThatIsTooLongIsUnknownAndItsConnectionClosed() {
    int tooLong = Transport.LONGEST_ANSWER + (1 << 20);
    peer.answer("HTTP/1.1 200 OK\r\nContent-Length: " + tooLong + "\r\n\r\n" + " ".repeat(tooLong));
    SinkException failure = catchThrowableOfType(SinkException.class, () -> transport.get("/a"));
    assertThat(failure.kind()).isEqualTo(Kind.UNKNOWN);
    assertThat(failure).hasMessageContaining("longer than");
    await().until(() -> peer.open() == 0);
  }

  @Test
  void afterAWhileWithoutACallThereIsNoConnectionAndNoThread() throws Exception {
    transport.close();
    transport = transport(peer.address(), Duration.ofMillis(100));
    peer.answer(OK);
    transport.get("/a");
    await().until(() -> peer.open() == 0);
    await().until(() -> !hasThread("runtracker-mlflow-timer"));
    assertThat(transport.get("/a").isOk()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void withATrackerItsThreadsEndWhateverItsCallsWaitFor(boolean isAnswered) throws Exception {
    if (isAnswered) {
      peer.answer("HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n");
    }
    // A thread belongs to the group of the one that made it, so others' are not in this one.
    ThreadGroup itsThreads = new ThreadGroup("of the tracker");
    AtomicReference<Tracker> built = new AtomicReference<>();
    Thread building = new Thread(itsThreads, () -> built.set(trackerToThePeer()));
    building.start();
    building.join();
    Tracker tracker = built.get();
    tracker.open("GET", new RequestTarget("http", "shop.example", 80, "/", null)).end(200, null);
    await().until(() -> peer.requests().size() + peer.open() > 0);
    await().until(() -> names(itsThreads).contains("runtracker-mlflow-timer"));
    tracker.close();
    // Ten seconds later those without work end in any case.
    await().atMost(Duration.ofSeconds(5)).until(() -> names(itsThreads).isEmpty());
  }

  private Tracker trackerToThePeer() {
    return Tracker.builder()
        .environment(NO_ENVIRONMENT)
        .sink(MlflowSink.builder().environment(NO_ENVIRONMENT).trackingUri(peer.address()).build())
        .closeTimeout(Duration.ZERO)
        .build();
  }

  private static List<String> names(ThreadGroup group) {
    Thread[] threads = new Thread[100];
    int count = group.enumerate(threads);
    return Arrays.stream(threads, 0, count).map(Thread::getName).toList();
  }

  @Test
  void callsGoThroughTheProxyOfTheJvm() throws Exception {
    ProxySelector before = ProxySelector.getDefault();
    ProxySelector.setDefault(ProxySelector.of(new InetSocketAddress("127.0.0.1", peer.port())));
    Transport plain = transport("http://mlflow.invalid:5000", Duration.ofSeconds(10));
    Transport tls = transport("https://mlflow.invalid", Duration.ofSeconds(10));
    try {
      peer.answer(OK);
      assertThat(plain.get("/a").isOk()).isTrue();
      peer.answer("HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n");
      assertThat(tls.get("/a").status()).isEqualTo(407);
    } finally {
      ProxySelector.setDefault(before);
      plain.close();
      tls.close();
    }
    assertThat(peer.requestLines())
        .containsExactly(
            "GET http://mlflow.invalid:5000/a HTTP/1.1", "CONNECT mlflow.invalid:443 HTTP/1.1");
  }

  @Test
  void aProxyOfTheEnvironmentIsToldWhoAsks() throws Exception {
    String proxy = "http://me:at-the-door@127.0.0.1:" + peer.port();
    transport.close();
    transport =
        transport("http://mlflow_server:5000", Duration.ofSeconds(10), Map.of("HTTP_PROXY", proxy));
    peer.answer(OK);
    assertThat(transport.get("/a").isOk()).isTrue();
    assertThat(peer.requests())
        .singleElement(STRING)
        .startsWith("GET http://mlflow_server:5000/a HTTP/1.1\r\n")
        .contains("Proxy-Authorization: Basic bWU6YXQtdGhlLWRvb3I=\r\n")
        .contains("Host: mlflow_server:5000\r\n");
  }

  @Test
  void aTunnelIsDugWithTheProxysLoginAndWithoutTheServers() {
    String proxy = "http://me:at-the-door@127.0.0.1:" + peer.port();
    transport.close();
    transport =
        transport("https://mlflow.invalid", Duration.ofSeconds(10), Map.of("HTTPS_PROXY", proxy));
    peer.answer(
        "HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"door\"\r\n"
            + "Content-Length: 12\r\n\r\nat-the-door?");
    SinkException failure =
        catchThrowableOfType(SinkException.class, () -> MlflowApi.requireJson(transport.get("/a")));
    assertThat(failure.kind()).isEqualTo(Kind.UNAUTHORIZED);
    assertThat(failure)
        .hasMessageContaining("a proxy asks for a login")
        .hasMessageNotContaining("at-the-door");
    assertThat(peer.requests())
        .hasSize(2)
        .allMatch(request -> request.startsWith("CONNECT mlflow.invalid:443 HTTP/1.1"))
        .noneMatch(request -> request.contains("\nAuthorization:"));
    assertThat(peer.requests().get(1))
        .contains("Proxy-Authorization: Basic bWU6YXQtdGhlLWRvb3I=\r\n");
  }

  @Test
  void nothingOfACallIsLoggedEvenAtDebug() throws Exception {
    Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    Level level = root.getLevel();
    ListAppender<ILoggingEvent> appender = new ListAppender<>();
    appender.start();
    root.addAppender(appender);
    root.setLevel(Level.TRACE);
    try {
      peer.answer(OK);
      transport.postJson("/a", "{\"row\":\"of a customer\"}");
    } finally {
      root.setLevel(level);
      root.detachAppender(appender);
    }
    assertThat(appender.list).isNotEmpty();
    assertThat(appender.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .noneMatch(line -> line.contains("customer"))
        .noneMatch(line -> line.contains("Authorization") || line.contains("YWxpY2U6"));
  }

  private boolean isInterruptedWhileUnderWay(Call call) throws InterruptedException {
    Thread caller = Thread.currentThread();
    Thread interrupter =
        new Thread(
            () -> {
              await().until(() -> peer.open() == 1);
              caller.interrupt();
            });
    interrupter.start();
    InterruptedException interrupted = catchThrowableOfType(InterruptedException.class, call::make);
    interrupter.join();
    return interrupted != null;
  }

  private static boolean hasThread(String name) {
    return Thread.getAllStackTraces().keySet().stream().anyMatch(t -> t.getName().equals(name));
  }

  private interface Call {
    void make() throws Exception;
  }
}
