// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProxyResolverTest {

  private static final String SERVER = "http://mlflow.example.org:5000/base";

  private static HttpProxy proxy(String server, Map<String, String> variables) {
    return new ProxyResolver(new Environment(variables)).resolve(Address.parse(server));
  }

  private static String shown(HttpProxy proxy) {
    return proxy == null ? "none" : proxy.toString();
  }

  @ParameterizedTest
  @CsvSource({
    "http://mlflow.example.org, HTTP_PROXY, http://p:3128, p:3128",
    "http://mlflow.example.org, http_proxy, http://p:3128/, p:3128",
    "http://mlflow.example.org, HTTP_PROXY, p:3128, p:3128",
    "http://mlflow.example.org, HTTP_PROXY, http://p, p:80",
    "http://mlflow.example.org, HTTPS_PROXY, http://p:3128, none",
    "https://mlflow.example.org, HTTPS_PROXY, http://p:3128, p:3128",
    "https://mlflow.example.org, HTTP_PROXY, http://p:3128, none",
    "https://mlflow.example.org, ALL_PROXY, http://p:3128, p:3128",
    "http://mlflow.example.org, HTTP_PROXY, '', none",
    "http://mlflow.example.org, ALL_PROXY, socks5://p:1080, none",
  })
  void aVariableIsForItsKindOfAddress(String server, String name, String value, String expected) {
    assertThat(shown(proxy(server, Map.of(name, value)))).isEqualTo(expected);
  }

  @Test
  void theOwnVariableComesBeforeThatForAllAndSmallLettersBeforeCapitals() {
    assertThat(proxy(SERVER, Map.of("HTTP_PROXY", "own:1", "ALL_PROXY", "all:2")).host())
        .isEqualTo("own");
    assertThat(proxy(SERVER, Map.of("HTTP_PROXY", "capital:1", "http_proxy", "small:2")).host())
        .isEqualTo("small");
  }

  @ParameterizedTest
  @CsvSource({
    "*, none",
    "example.org, none",
    ".example.org, none",
    "*.example.org, none",
    "'localhost, MLFLOW.example.org', none",
    "mlflow.example.org:5000, none",
    "mlflow.example.org:5001, p:3128",
    "ample.org, p:3128",
    "10.0.0.0/8, p:3128",
    "',', p:3128",
  })
  void whatIsListedIsReachedStraight(String list, String expected) {
    assertThat(shown(proxy(SERVER, Map.of("HTTP_PROXY", "p:3128", "NO_PROXY", list))))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "10.1.2.3, none",
    "10.0.0.0/8, none",
    "10.1.2.0/24, none",
    "10.1.3.0/24, p:3128",
    "0.0.0.0/0, none",
    "10.1.2.3/32, none",
    "10.1.2.4/32, p:3128",
  })
  void anAddressMayBeListedByItsNetwork(String list, String expected) {
    Map<String, String> variables = Map.of("HTTP_PROXY", "p:3128", "no_proxy", list);
    assertThat(shown(proxy("http://10.1.2.3:5000", variables))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"::1, none", "[::1], none", "[::1]:5000, none", "::2, p:3128"})
  void anAddressOfVersion6MayBeListed(String list, String expected) {
    Map<String, String> variables = Map.of("HTTP_PROXY", "p:3128", "NO_PROXY", list);
    assertThat(shown(proxy("http://[::1]:5000", variables))).isEqualTo(expected);
  }

  @Test
  void whereTheJvmWasToldOfAProxyTheVariablesAreNotAsked() {
    System.setProperty("http.proxyHost", "jvms");
    System.setProperty("http.nonProxyHosts", "*.example.org");
    try {
      assertThat(proxy(SERVER, Map.of("HTTP_PROXY", "p:3128"))).isNull();
    } finally {
      System.clearProperty("http.proxyHost");
      System.clearProperty("http.nonProxyHosts");
    }
  }

  @Test
  void aLoginIsDecodedAndNeverShown() {
    HttpProxy proxy = proxy(SERVER, Map.of("HTTP_PROXY", "http://u%40x:s3cr%3At@p:3128"));
    assertThat(proxy.user()).isEqualTo("u@x");
    assertThat(proxy.password()).isEqualTo("s3cr:t");
    assertThat(proxy.authorization()).isEqualTo("Basic dUB4OnMzY3I6dA==");
    assertThat(proxy.toString()).isEqualTo("p:3128");
  }
}
