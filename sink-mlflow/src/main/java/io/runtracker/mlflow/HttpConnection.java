// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import org.apache.hc.client5.http.io.ManagedHttpClientConnection;
import org.apache.hc.core5.http.config.Http1Config;
import org.apache.hc.core5.http.impl.io.DefaultBHttpClientConnection;
import org.apache.hc.core5.http.impl.io.MonitoringResponseOutOfOrderStrategy;
import org.apache.hc.core5.http.impl.io.SocketHolder;
import org.apache.hc.core5.http.io.ResponseOutOfOrderStrategy;
import org.apache.hc.core5.io.CloseMode;
import org.jspecify.annotations.Nullable;

/**
 * A connection that logs nothing. The client's own one, in a service whose root logger is at {@code
 * DEBUG}, logs every byte that is sent, credentials and megabytes of rows included.
 */
final class HttpConnection extends DefaultBHttpClientConnection
    implements ManagedHttpClientConnection {

  /**
   * A server that refuses a body says so before it has read it, and may close the connection then.
   * So there is a look for an answer after every 256 KiB; over TLS each look takes a millisecond.
   */
  private static final ResponseOutOfOrderStrategy EARLY_ANSWERS =
      new MonitoringResponseOutOfOrderStrategy(256 << 10);

  private final AtomicBoolean isClosed = new AtomicBoolean();

  HttpConnection() {
    super(Http1Config.DEFAULT, null, null, null, null, EARLY_ANSWERS, null, null);
  }

  @Override
  public void bind(Socket socket) throws IOException {
    bindUnlessClosed(new SocketHolder(socket));
  }

  @Override
  public void bind(SSLSocket tls, Socket socket) throws IOException {
    bindUnlessClosed(new SocketHolder(tls, socket));
  }

  /** A call that was cancelled while it connected must not go on. */
  private void bindUnlessClosed(SocketHolder holder) throws IOException {
    if (isClosed.get()) {
      holder.getSocket().close();
      throw new InterruptedIOException("the connection was closed while it was made");
    }
    bind(holder);
  }

  @Override
  public @Nullable Socket getSocket() {
    SocketHolder holder = getSocketHolder();
    return holder == null ? null : holder.getSocket();
  }

  @Override
  public @Nullable SSLSession getSSLSession() {
    return getSocket() instanceof SSLSocket tls ? tls.getSession() : null;
  }

  /** At once: what is called on a connection that failed would wait for the peer otherwise. */
  @Override
  public void close() {
    close(CloseMode.IMMEDIATE);
  }

  @Override
  public void close(CloseMode mode) {
    if (isClosed.compareAndSet(false, true)) {
      super.close(mode);
    }
  }

  @Override
  public void passivate() {}

  @Override
  public void activate() {}
}
