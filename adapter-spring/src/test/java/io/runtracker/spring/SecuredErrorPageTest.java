// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.RequestEvent;
import io.runtracker.RunStatus;
import jakarta.servlet.DispatcherType;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.HttpStatus;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.DefaultSecurityFilterChain;
import org.springframework.security.web.FilterChainProxy;
import org.springframework.security.web.access.ExceptionTranslationFilter;
import org.springframework.security.web.access.intercept.AuthorizationFilter;
import org.springframework.security.web.access.intercept.RequestMatcherDelegatingAuthorizationManager;
import org.springframework.security.web.authentication.AnonymousAuthenticationFilter;
import org.springframework.security.web.authentication.Http403ForbiddenEntryPoint;
import org.springframework.security.web.authentication.HttpStatusEntryPoint;
import org.springframework.security.web.authentication.www.BasicAuthenticationEntryPoint;
import org.springframework.security.web.authentication.www.BasicAuthenticationFilter;
import org.springframework.security.web.context.RequestAttributeSecurityContextRepository;
import org.springframework.security.web.context.SecurityContextHolderFilter;
import org.springframework.security.web.util.matcher.AnyRequestMatcher;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Spring Security looks at the dispatch to the error page too, and most applications forget to
 * permit it: what the client gets then is Security's answer, and not what was reported.
 */
class SecuredErrorPageTest extends ServiceFixture {

  private static final String ALICE = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";

  /** How Security turns away who has no login; a request of these tests chooses. */
  enum Denial {
    BY_ASKING_FOR_A_LOGIN(401, basic()),
    BY_FORBIDDING(403, new Http403ForbiddenEntryPoint()),
    BY_A_BARE_STATUS(401, new HttpStatusEntryPoint(HttpStatus.UNAUTHORIZED));

    private final int status;
    private final AuthenticationEntryPoint entryPoint;

    Denial(int status, AuthenticationEntryPoint entryPoint) {
      this.status = status;
      this.entryPoint = entryPoint;
    }

    private String header() {
      return "Denial: " + name() + "\r\n";
    }

    private static AuthenticationEntryPoint basic() {
      BasicAuthenticationEntryPoint basic = new BasicAuthenticationEntryPoint();
      basic.setRealmName("shop");
      return basic;
    }
  }

  SecuredErrorPageTest() {
    super(Service.class);
  }

  @ParameterizedTest
  @EnumSource
  void who_has_no_login_is_recorded_with_the_status_of_the_denial(Denial denial) throws Exception {
    RequestEvent event = record("GET", "/closed", denial.header(), denial.status);
    assertThat(event.route()).isNull();
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
  }

  @ParameterizedTest
  @EnumSource
  void an_exception_whose_error_page_is_denied_has_the_status_of_the_denial(Denial denial)
      throws Exception {
    RequestEvent event = record("GET", "/open/fails", denial.header(), denial.status);
    assertThat(event.route()).isEqualTo("/open/fails");
    assertThat(event.status()).isEqualTo(RunStatus.FAILED);
    assertThat(event.errorType()).isEqualTo(IllegalStateException.class.getName());
  }

  @ParameterizedTest
  @EnumSource
  void a_path_that_does_not_exist_and_whose_error_page_is_denied_has_the_status_of_the_denial(
      Denial denial) throws Exception {
    RequestEvent event = record("GET", "/open/no/such/path", denial.header(), denial.status);
    assertThat(event.route()).isNull();
    assertThat(event.status()).isEqualTo(RunStatus.FINISHED);
  }

  @Test
  void who_has_a_login_and_may_not_go_there_is_recorded_as_forbidden() throws Exception {
    String login = ALICE + Denial.BY_ASKING_FOR_A_LOGIN.header();
    assertThat(record("GET", "/nobody", login, 403).route()).isNull();
  }

  @Test
  void what_is_permitted_is_recorded_as_without_security() throws Exception {
    String any = Denial.BY_FORBIDDING.header();
    assertThat(record("GET", "/open", any, 200).route()).isEqualTo("/open");
    assertThat(record("GET", "/closed", ALICE + any, 200).route()).isEqualTo("/closed");
  }

  @RestController
  static class Controller {
    @GetMapping({"/open", "/closed", "/nobody"})
    String page() {
      return "page";
    }

    @GetMapping("/open/fails")
    String fails() {
      throw new IllegalStateException("told by the test");
    }
  }

  @Configuration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @Import(Controller.class)
  static class Service {

    /** The filters that Security's configuration makes, and for the dispatches that Boot names. */
    @Bean
    FilterRegistrationBean<FilterChainProxy> security() {
      FilterRegistrationBean<FilterChainProxy> registration =
          new FilterRegistrationBean<>(
              new FilterChainProxy(
                  new DefaultSecurityFilterChain(
                      AnyRequestMatcher.INSTANCE,
                      new SecurityContextHolderFilter(
                          new RequestAttributeSecurityContextRepository()),
                      new BasicAuthenticationFilter(
                          login ->
                              UsernamePasswordAuthenticationToken.authenticated(
                                  login.getPrincipal(), null, List.of())),
                      new AnonymousAuthenticationFilter("of the test"),
                      new ExceptionTranslationFilter(
                          (request, response, denied) ->
                              Denial.valueOf(request.getHeader("Denial"))
                                  .entryPoint
                                  .commence(request, response, denied)),
                      new AuthorizationFilter(
                          RequestMatcherDelegatingAuthorizationManager.builder()
                              .requestMatchers(
                                  request -> request.getServletPath().startsWith("/open"))
                              .permitAll()
                              .requestMatchers(
                                  request -> request.getServletPath().startsWith("/nobody"))
                              .denyAll()
                              .anyRequest()
                              .authenticated()
                              .build()))));
      registration.setName("security");
      registration.setOrder(-100);
      registration.setDispatcherTypes(EnumSet.allOf(DispatcherType.class));
      return registration;
    }
  }
}
