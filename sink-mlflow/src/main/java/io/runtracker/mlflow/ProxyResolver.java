// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the proxy in the variables that MLflow's Python client reads, through its library <a
 * href="https://requests.readthedocs.io/en/latest/user/advanced/#proxies">requests</a>: {@code
 * HTTP_PROXY} or {@code HTTPS_PROXY}, whichever the server's address is, else {@code ALL_PROXY};
 * and none for what {@code NO_PROXY} lists. A name in small letters comes before one in capitals.
 */
final class ProxyResolver {

  private static final String OCTET = "(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)";
  private static final Pattern IPV4 = Pattern.compile(OCTET + "(?:\\." + OCTET + "){3}");
  private static final Pattern NETWORK = Pattern.compile("(" + IPV4 + ")/(3[0-2]|[12]?\\d)");

  private static final Logger log = LoggerFactory.getLogger(MlflowSink.class);

  private final Environment environment;

  ProxyResolver(Environment environment) {
    this.environment = environment;
  }

  /** The proxy for this server; null when calls go straight there, or through the JVM's proxy. */
  @Nullable HttpProxy resolve(Address server) {
    if (isJvmsOwn(server)) {
      return null;
    }
    String variable = set(server.scheme() + "_proxy");
    if (variable == null) {
      variable = set("all_proxy");
      if (variable != null && String.valueOf(environment.get(variable)).startsWith("socks")) {
        log.warn("{} is not used: calls to MLflow go through no SOCKS proxy", variable);
        return null;
      }
    }
    if (variable == null || isBypassed(server)) {
      return null;
    }
    return environment.get(variable, ProxyResolver::parse);
  }

  /** Where the JVM was told of a proxy, it was also told what to reach without. */
  private static boolean isJvmsOwn(Address server) {
    if (System.getProperty(server.scheme() + ".proxyHost") != null) {
      return true;
    }
    ProxySelector selector = ProxySelector.getDefault();
    return selector != null
        && selector.select(URI.create(server.location())).stream()
            .anyMatch(proxy -> proxy.type() == Proxy.Type.HTTP);
  }

  /** Under which of its two names a variable is set, if it is. */
  private @Nullable String set(String name) {
    for (String variable : List.of(name, name.toUpperCase(Locale.ROOT))) {
      if (environment.get(variable) != null) {
        return variable;
      }
    }
    return null;
  }

  private static HttpProxy parse(String text) {
    Address proxy = Address.parse(text.contains("://") ? text : "http://" + text);
    if (!proxy.scheme().equals("http")) {
      throw new IllegalArgumentException(
          "must be a proxy that is spoken to by http://, but is " + proxy.scheme() + "://...");
    }
    String password = proxy.password() == null ? "" : proxy.password();
    return new HttpProxy(proxy.host(), proxy.portOr(80), proxy.user(), password);
  }

  private boolean isBypassed(Address server) {
    String variable = set("no_proxy");
    String list = variable == null ? null : environment.get(variable);
    if (list == null) {
      return false;
    }
    for (String entry : list.toLowerCase(Locale.ROOT).split("[,\\s]+")) {
      if (isListed(server, entry)) {
        return true;
      }
    }
    return false;
  }

  private static boolean isListed(Address server, String entry) {
    String host = server.host().toLowerCase(Locale.ROOT).replaceAll("[\\[\\]]", "");
    String withPort = host + ':' + server.portOr(server.scheme().equals("https") ? 443 : 80);
    Matcher network = NETWORK.matcher(entry);
    if (network.matches() && IPV4.matcher(host).matches()) {
      return prefix(host, network.group(2)) == prefix(network.group(1), network.group(2));
    }
    String name = entry.replaceFirst("^\\*?\\.", "").replaceAll("[\\[\\]]", "");
    return entry.equals("*")
        || (!name.isEmpty() && (isWithin(host, name) || isWithin(withPort, name)));
  }

  private static boolean isWithin(String host, String domain) {
    return host.equals(domain) || host.endsWith('.' + domain);
  }

  /** The first bits of an address of version 4. */
  private static long prefix(String address, String bits) {
    long number = 0;
    for (String octet : address.split("\\.")) {
      number = number << 8 | Integer.parseInt(octet);
    }
    return number >> (32 - Integer.parseInt(bits));
  }
}
