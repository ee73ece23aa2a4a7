// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.io.IOException;
import java.net.ProxySelector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.CredentialsProvider;
import org.apache.hc.client5.http.auth.UsernamePasswordCredentials;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.auth.BasicCredentialsProvider;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.DefaultHttpClientConnectionOperator;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.routing.SystemDefaultRoutePlanner;
import org.apache.hc.client5.http.io.HttpClientConnectionOperator;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.client5.http.ssl.HostnameVerificationPolicy;
import org.apache.hc.client5.http.ssl.TlsSocketStrategy;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpHost;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.URIScheme;
import org.apache.hc.core5.http.config.RegistryBuilder;
import org.apache.hc.core5.http.io.HttpClientResponseHandler;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.io.CloseMode;
import org.apache.hc.core5.pool.PoolConcurrencyPolicy;
import org.apache.hc.core5.pool.PoolReusePolicy;
import org.apache.hc.core5.pool.PoolStats;
import org.apache.hc.core5.ssl.SSLContexts;
import org.apache.hc.core5.util.TimeValue;
import org.apache.hc.core5.util.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * The connections to the server, and a client that does nothing on its own account: it repeats no
 * call, follows no redirect, keeps no cookie and answers no challenge but a proxy's. It has no
 * thread. Safe for many threads.
 *
 * <p>As many connections are open as there are calls at once. The sink's caller bounds those.
 */
final class HttpConnections {

  /**
   * A server closes a connection after some seconds without a call. Nobody tells us, so one that
   * was left alone for longer than this is looked at first, which takes a millisecond.
   */
  private static final TimeValue UNWATCHED = TimeValue.ofMilliseconds(100);

  /**
   * The name of a server may come to mean another address, and a busy connection would never learn
   * of it. So each is made anew now and then.
   */
  static final Duration LONGEST_USE = Duration.ofMinutes(1);

  private static final String IS_SENT = "runtracker.is-sent";

  /** MLflow's server logs a warning for each offer of TLS. */
  private static final RequestConfig NO_UPGRADE =
      RequestConfig.custom().setProtocolUpgradeEnabled(false).build();

  private final PoolingHttpClientConnectionManager manager;
  private final CloseableHttpClient client;

  /**
   * None is open so far.
   *
   * @param longestUse for how long a connection is given another call
   */
  HttpConnections(MlflowSettings settings, Duration longestUse) {
    this.manager =
        new PoolingHttpClientConnectionManager(
            operator(settings.tls() == null ? SSLContexts.createSystemDefault() : settings.tls()),
            PoolConcurrencyPolicy.STRICT,
            PoolReusePolicy.LIFO,
            null,
            socket -> new HttpConnection());
    manager.setMaxTotal(Integer.MAX_VALUE);
    manager.setDefaultMaxPerRoute(Integer.MAX_VALUE);
    manager.setDefaultConnectionConfig(
        ConnectionConfig.custom()
            .setConnectTimeout(Timeout.of(settings.connectTimeout()))
            .setValidateAfterInactivity(UNWATCHED)
            .setTimeToLive(TimeValue.of(longestUse))
            .build());
    this.client =
        HttpClientBuilder.create()
            .setConnectionManager(manager)
            .setRoutePlanner(new Routes(settings.proxy()))
            .setDefaultCredentialsProvider(credentials(settings.proxy()))
            .setUserAgent("runtracker")
            .setDefaultRequestConfig(NO_UPGRADE)
            .addRequestInterceptorLast(HttpConnections::beforeSending)
            .disableAutomaticRetries()
            .disableRedirectHandling()
            .disableCookieManagement()
            .disableContentCompression()
            .disableAuthCaching()
            .disableConnectionState()
            .build();
  }

  /** For a proxy that asks when a tunnel is dug through it. */
  private static CredentialsProvider credentials(@Nullable HttpProxy proxy) {
    BasicCredentialsProvider credentials = new BasicCredentialsProvider();
    if (proxy != null && proxy.user() != null) {
      credentials.setCredentials(
          new AuthScope(proxy.host(), proxy.port()),
          new UsernamePasswordCredentials(proxy.user(), proxy.password().toCharArray()));
    }
    return credentials;
  }

  /** Through the proxy of the environment where the JVM had none, else as the JVM says. */
  private static final class Routes extends SystemDefaultRoutePlanner {
    private final @Nullable HttpProxy proxy;

    Routes(@Nullable HttpProxy proxy) {
      super(ProxySelector.getDefault());
      this.proxy = proxy;
    }

    @Override
    protected @Nullable HttpHost determineProxy(HttpHost target, HttpContext context)
        throws HttpException {
      return proxy == null
          ? super.determineProxy(target, context)
          : new HttpHost(proxy.host(), proxy.port());
    }
  }

  /** A channel's sockets, because an interrupt ends what a thread waits for there. */
  private static HttpClientConnectionOperator operator(SSLContext tls) {
    TlsSocketStrategy https =
        new DefaultClientTlsStrategy(tls, HostnameVerificationPolicy.BUILTIN, null);
    return new DefaultHttpClientConnectionOperator(
        noSocks -> SocketChannel.open().socket(),
        null,
        null,
        RegistryBuilder.<TlsSocketStrategy>create().register(URIScheme.HTTPS.id, https).build());
  }

  /** Where there is a connection, and the proxy has dug its tunnel. */
  private static void beforeSending(
      HttpRequest request, @Nullable EntityDetails body, HttpContext context) {
    ((AtomicBoolean) context.getAttribute(IS_SENT)).set(true);
  }

  /**
   * Makes a call and waits for the end of its answer, however long that takes. Another thread may
   * end it by cancelling the request.
   *
   * @param isSent set before anything of the call is sent
   */
  <T> T execute(
      ClassicHttpRequest request, AtomicBoolean isSent, HttpClientResponseHandler<T> answer)
      throws IOException {
    HttpClientContext context = HttpClientContext.create();
    context.setAttribute(IS_SENT, isSent);
    return client.execute(request, context, answer);
  }

  /**
   * Closes what was not used for this long.
   *
   * @return whether any connection is left
   */
  boolean closeIdle(Duration unused) {
    manager.closeIdle(TimeValue.of(unused));
    PoolStats left = manager.getTotalStats();
    return left.getAvailable() + left.getLeased() > 0;
  }

  /** Ends calls that are under way, too. */
  void close() {
    client.close(CloseMode.IMMEDIATE);
  }
}
