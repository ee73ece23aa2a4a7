// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UrlRedactorTest {

  private final UrlRedactor redactor = new UrlRedactor(UrlRedactor.DEFAULTS);

  private static RequestTarget target(String path, String query) {
    return new RequestTarget("https", "shop.example", 443, path, query);
  }

  @ParameterizedTest
  @CsvSource({
    "token=abc,              token=[redacted]",
    "a=1&password=x&b=2,     a=1&password=[redacted]&b=2",
    "API_KEY=x,              API_KEY=[redacted]",
    "%74oken=abc,            %74oken=[redacted]",
    "token=a&token=b,        token=[redacted]&token=[redacted]",
    "sig=,                   sig=[redacted]",
    "next=http://u:p@h/,     next=http://h/",
    "X-Amz-Signature=ab%2F,  X-Amz-Signature=[redacted]",
  })
  void secrets_in_the_query_are_replaced(String query, String redacted) {
    assertThat(redactor.redact(target("/", query)).query()).isEqualTo(redacted);
  }

  @ParameterizedTest
  @CsvSource({"a=1&b=2", "token", "a=token=b", "%zz=1", "&&&", "tokens=1"})
  void what_is_no_secret_stays_as_it_is(String query) {
    RequestTarget target = target("/", query);
    assertThat(redactor.redact(target)).isSameAs(target);
  }

  @Test
  void session_ids_in_the_path_are_replaced() {
    assertThat(redactor.redact(target("/cart;jsessionid=AB12/x", null)).path())
        .isEqualTo("/cart;jsessionid=[redacted]/x");
  }

  @Test
  void user_info_is_removed_from_the_host() {
    RequestTarget target = new RequestTarget("http", "user:pw@shop.example", 80, "/", null);
    assertThat(redactor.redact(target).url()).isEqualTo("http://shop.example/");
  }

  @Test
  void the_list_is_replaceable() {
    UrlRedactor own = new UrlRedactor(List.of("ssn"));
    assertThat(own.redact(target("/", "ssn=1&token=2")).query())
        .isEqualTo("ssn=[redacted]&token=2");
  }

  @Test
  void a_default_port_is_left_out_of_the_url_and_another_is_not() {
    assertThat(target("/a", "b=1").url()).isEqualTo("https://shop.example/a?b=1");
    assertThat(new RequestTarget("https", "h", 80, "/", null).url()).isEqualTo("https://h:80/");
  }
}
