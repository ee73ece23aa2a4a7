// SPDX-License-Identifier: Apache-2.0
package io.runtracker.adapter;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CausesTest {

  private final Exception boom = new IllegalStateException("boom");

  @Test
  void takesOffEveryWrapperOfTheJdk() {
    Throwable wrapped =
        new CompletionException(
            new ExecutionException(
                new InvocationTargetException(new UndeclaredThrowableException(boom))));
    assertThat(Causes.unwrap(wrapped)).isSameAs(boom);
  }

  @Test
  void leavesWhatHasSomethingToSayOfItsOwn() {
    Throwable own = new IllegalArgumentException("why", boom);
    assertThat(Causes.unwrap(own)).isSameAs(own);
    Throwable subclass = new CompletionException("why", boom) {};
    assertThat(Causes.unwrap(subclass)).isSameAs(subclass);
  }

  @Test
  void leavesAWrapperWithNothingInIt() {
    Throwable empty = new InvocationTargetException(null);
    assertThat(Causes.unwrap(empty)).isSameAs(empty);
  }

  @Test
  void comesToAnEndWhereCausesDoNot() {
    Endless endless = new Endless();
    assertThat(Causes.unwrap(endless)).isSameAs(endless);
    assertThat(Causes.isClientAbort(endless)).isFalse();
  }

  private static final class Endless extends RuntimeException {
    private static final long serialVersionUID = 1;

    @Override
    public synchronized Throwable getCause() {
      return this;
    }
  }

  @Test
  void takesNoEndOfAFileOrOfABackendForTheClients() {
    assertThat(Causes.isClientAbort(new EOFException("cut"))).isFalse();
    assertThat(Causes.isClientAbort(new UncheckedIOException(new IOException("Broken pipe"))))
        .isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "org.apache.tomcat.util.net.NioChannel",
        "org.apache.coyote.http11.Http11OutputBuffer",
        "org.xnio.nio.NioSocketConduit",
        "io.undertow.servlet.spec.ServletOutputStreamImpl"
      })
  void knowsAnExceptionOfTheContainersOwnConnection(String type) {
    assertThat(Causes.isClientAbort(new UncheckedIOException(thrownBy(type)))).isTrue();
  }

  @Test
  void knowsThatTheContainersOwnClientIsNoneOfItsConnections() {
    assertThat(Causes.isClientAbort(thrownBy("org.xnio.Conduit", "io.undertow.client.Http")))
        .isFalse();
  }

  private static IOException thrownBy(String... types) {
    StackTraceElement[] stack = new StackTraceElement[types.length + 1];
    stack[0] = new StackTraceElement("sun.nio.ch.SocketDispatcher", "write", null, 1);
    for (int i = 0; i < types.length; i++) {
      stack[i + 1] = new StackTraceElement(types[i], "write", null, 1);
    }
    IOException thrown = new IOException("Broken pipe");
    thrown.setStackTrace(stack);
    return thrown;
  }
}
