// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RecordQuery;
import io.runtracker.RequestTarget;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UrlRedactorTest {

  private final UrlRedactor redactor = new UrlRedactor(UrlRedactor.DEFAULTS, RecordQuery.VALUES);

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
  @CsvSource({"a=1&b=2", "token", "a=b=c", "%zz=1", "&&&", "tokens=1"})
  void what_is_no_secret_stays_as_it_is(String query) {
    RequestTarget target = target("/", query);
    assertThat(redactor.redact(target)).isSameAs(target);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "accessToken",
        "ACCESS_TOKEN",
        "refresh-token",
        "x-api-key",
        "apiKey",
        "user[password]",
        "user%5Bpassword%5D",
        "user.password",
        "newPassword",
        "otp",
        "login_otp",
        "SAMLResponse",
        "samlResponse",
        "v-pushId",
        "clientSecret",
        "X-Amz-Signature",
        "X-Goog-Credential",
        "_csrf",
        "code",
        "AWSAccessKeyId"
      })
  void a_secret_has_its_name_in_any_spelling(String name) {
    assertThat(redactor.redact(target("/", "a=1&" + name + "=abc")).query())
        .isEqualTo("a=1&" + name + "=[redacted]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "zip_code",
        "sortKey",
        "max_tokens",
        "authors",
        "monkey",
        "sessions",
        "coder",
        "keyword",
        "authority",
        "page",
        "q",
        "compass",
        "signal"
      })
  void a_name_that_only_looks_like_one_is_none(String name) {
    RequestTarget target = target("/", name + "=abc");
    assertThat(redactor.redact(target)).isSameAs(target);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "next=https%3A%2F%2Fh%2Fcb%3Ftoken%3Dabc%26a%3D1"
            + " | next=https%3A%2F%2Fh%2Fcb%3Ftoken%3D%5Bredacted%5D%26a%3D1",
        "a=token=b | a=token=[redacted]",
        "next=/cb?token=abc | next=/cb?token=[redacted]",
        "next=%252Fcb%253Ftoken%253Dabc | next=%252Fcb%253Ftoken%253D%255Bredacted%255D",
        "a=1;token=abc;b=2 | a=1;token=[redacted];b=2",
        "filter={\"user\":\"u\",\"password\":\"p\"}"
            + " | filter={\"user\":\"u\",\"password\":\"[redacted]\"}",
        "f=%7B%22apiKey%22%3A+12%7D | f=%7B%22apiKey%22%3A%22%5Bredacted%5D%22%7D",
      })
  void secrets_within_values_are_replaced(String query, String redacted) {
    assertThat(redactor.redact(target("/", query)).query()).isEqualTo(redacted);
  }

  @ParameterizedTest
  @CsvSource({
    "/cart;token=abc;colour=red/x, /cart;token=[redacted];colour=red/x",
    "/a;JSESSIONID=AB12,           /a;JSESSIONID=[redacted]",
  })
  void secrets_in_matrix_parameters_are_replaced(String path, String redacted) {
    assertThat(redactor.redact(target(path, null)).path()).isEqualTo(redacted);
  }

  @Test
  void a_url_in_a_header_is_redacted_as_a_whole() {
    assertThat(redactor.redact("https://u:p@h/a;token=1/b?otp=2&c=3"))
        .isEqualTo("https://h/a;token=[redacted]/b?otp=[redacted]&c=3");
  }

  @Test
  void of_a_query_there_may_be_the_names_alone_or_nothing() {
    RequestTarget prompt = target("/chat", "message=my%20secret&lang=en&debug");
    UrlRedactor namesOnly = new UrlRedactor(UrlRedactor.DEFAULTS, RecordQuery.NAMES);
    assertThat(namesOnly.redact(prompt).query())
        .isEqualTo("message=[redacted]&lang=[redacted]&debug");
    UrlRedactor nothing = new UrlRedactor(UrlRedactor.DEFAULTS, RecordQuery.NONE);
    assertThat(nothing.redact(prompt).url()).isEqualTo("https://shop.example/chat");
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
    UrlRedactor own = new UrlRedactor(List.of("ssn"), RecordQuery.VALUES);
    assertThat(own.redact(target("/", "ssn=1&token=2")).query())
        .isEqualTo("ssn=[redacted]&token=2");
  }

  @Test
  void a_default_port_is_left_out_of_the_url_and_another_is_not() {
    assertThat(target("/a", "b=1").url()).isEqualTo("https://shop.example/a?b=1");
    assertThat(new RequestTarget("https", "h", 80, "/", null).url()).isEqualTo("https://h:80/");
  }
}
