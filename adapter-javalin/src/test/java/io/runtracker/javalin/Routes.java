// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.javalin.http.ConflictResponse;
import io.javalin.http.Context;
import io.javalin.http.GoneResponse;
import io.javalin.http.HttpResponseException;
import io.javalin.http.ServiceUnavailableResponse;
import io.runtracker.TrackedRequest;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import jakarta.servlet.ServletOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** The endpoints of the contract, as Javalin handlers. */
final class Routes {

  private final Application application;

  Routes(Application application) {
    this.application = application;
  }

  void serve(Endpoint endpoint, Context ctx) throws Exception {
    if (endpoint.name().startsWith("ASYNC")) {
      serveAsync(endpoint, ctx);
    } else {
      serveSync(endpoint, ctx);
    }
  }

  private void serveSync(Endpoint endpoint, Context ctx) throws Exception {
    TrackedRequest handle = TrackedRequest.current();
    switch (endpoint) {
      case HELLO -> ctx.result("hello");
      case ROOT -> ctx.result("root");
      case ITEM -> {
        handle.param("item", ctx.pathParam("id"));
        ctx.result(ctx.pathParam("id"));
      }
      case ECHO -> ctx.result(ctx.bodyAsBytes());
      case STATUS -> {
        int status = Integer.parseInt(ctx.pathParam("code"));
        ctx.status(status);
        if (status != 204 && status != 304) {
          ctx.result("status");
        }
      }
      case SEND_ERROR ->
          throw new HttpResponseException(Integer.parseInt(ctx.pathParam("code")), "reported");
      case REDIRECT -> ctx.redirect("/hello");
      case THROW, SKIPPED_THROW -> throw application.exception();
      case THROW_WRAPPED -> throw new CompletionException(application.exception());
      case THROW_IN -> throw application.wrapped(ctx.pathParam("wrapper"));
      case THROW_EOF -> throw new EOFException("cut");
      case THROW_ERROR -> throw new AssertionError("error");
      case THROW_BROKEN -> throw new Application.BrokenException();
      case STATUS_THEN_THROW -> {
        ctx.status(503);
        throw application.exception();
      }
      case COMMIT_THEN_THROW -> {
        write(ctx, "partial");
        throw application.exception();
      }
      case UNAVAILABLE -> throw new ServiceUnavailableResponse();
      case UNAVAILABLE_FOR_GOOD -> throw new GoneResponse();
      case ERROR_PAGE -> throw new Application.PagedException(500);
      case ERROR_PAGE_STATUS ->
          throw new Application.PagedException(Integer.parseInt(ctx.pathParam("code")));
      case ERROR_PAGE_GATED -> throw new Application.PagedException(Application.GATED);
      case SHORT_BODY -> {
        ctx.res().setContentLength(100);
        ctx.res().getOutputStream().write("short".getBytes(UTF_8));
      }
      case HANDLED -> throw new ConflictResponse();
      case NOTES -> {
        application.logNotes(handle);
        ctx.result("notes");
      }
      case ELSEWHERE -> {
        TrackedRequest given = ctx.attribute(TrackingPlugin.REQUEST_ATTRIBUTE);
        application.elsewhereAndWait(() -> application.logElsewhere(given));
        ctx.result("elsewhere");
      }
      case DROP -> {
        handle.drop();
        ctx.result("hello");
      }
      case KEEP -> {
        application.kept(handle);
        ctx.result("hello");
      }
      case CLEAR_ATTRIBUTES -> {
        clearAttributes(ctx);
        ctx.result("hello");
      }
      case ATTRIBUTE, SKIPPED_ATTRIBUTE ->
          ctx.result(application.attribute(ctx.attribute(TrackingPlugin.REQUEST_ATTRIBUTE)));
      case HANDLE, SKIPPED -> ctx.result(application.handle());
      case FORWARD -> ctx.req().getRequestDispatcher("/items/7").forward(ctx.req(), ctx.res());
      case STREAM -> {
        write(ctx, "first");
        application.gate();
        write(ctx, "last");
      }
      case ENDLESS -> writeEndlessly(ctx);
      case SWALLOW -> {
        application.openGate();
        ctx.result(String.valueOf(ctx.req().getInputStream().readAllBytes().length));
      }
      default -> throw new IllegalStateException("not served: " + endpoint);
    }
  }

  private void serveAsync(Endpoint endpoint, Context ctx) {
    TrackedRequest handle = ctx.with(TrackingPlugin.class);
    switch (endpoint) {
      case ASYNC -> ctx.future(() -> elsewhere(() -> answer(ctx, handle)));
      case ASYNC_CLEAR_ATTRIBUTES -> {
        clearAttributes(ctx);
        ctx.future(() -> elsewhere(() -> answer(ctx, handle)));
      }
      case ASYNC_GATED -> {
        application.kept(handle);
        ctx.future(
            () ->
                elsewhere(
                    () -> {
                      application.gate();
                      answer(ctx, handle);
                    }));
      }
      case ASYNC_AT_ONCE ->
          ctx.future(
              () -> {
                answer(ctx, handle);
                return CompletableFuture.completedFuture("done");
              });
      // The second time by its handler for "after", see JavalinServer.
      case ASYNC_TWICE -> ctx.future(() -> elsewhere(() -> ctx.result("once")));
      case ASYNC_TIMEOUT ->
          ctx.future(
              () -> {
                ctx.req().getAsyncContext().setTimeout(Application.SHORT_MILLIS);
                return new CompletableFuture<>();
              });
      case ASYNC_TIMEOUT_HANDLED ->
          ctx.future(
              () ->
                  new CompletableFuture<>()
                      .orTimeout(Application.SHORT_MILLIS, TimeUnit.MILLISECONDS)
                      .exceptionally(timeOut -> ctx.status(503).result("late")));
      case ASYNC_THROW ->
          ctx.future(
              () -> {
                throw application.exception();
              });
      case ASYNC_STATUS_THROW -> {
        ctx.status(503);
        ctx.future(
            () -> {
              throw application.exception();
            });
      }
      case ASYNC_COMMIT_THROW ->
          ctx.future(
              () -> {
                writeUnchecked(ctx, "partial");
                throw application.exception();
              });
      case ASYNC_WORKER_THROW ->
          ctx.async(
              () -> {
                throw application.exception();
              });
      case ASYNC_STREAM_FAIL ->
          ctx.future(
              () ->
                  elsewhere(
                      () -> {
                        writeUnchecked(ctx, "first");
                        throw application.exception();
                      }));
      case ASYNC_ENDLESS ->
          ctx.future(
              () ->
                  elsewhere(
                      () -> {
                        try {
                          writeEndlessly(ctx);
                        } catch (IOException clientWentAway) {
                          // Over.
                        }
                      }));
      case ASYNC_FAIL -> ctx.future(() -> elsewhere(() -> ctx.status(503)));
      default -> throw new IllegalStateException("not served: " + endpoint);
    }
  }

  private static void writeEndlessly(Context ctx) throws IOException {
    String block = "endless".repeat(10_000);
    for (int i = 0; i < 10_000; i++) {
      write(ctx, block);
    }
  }

  CompletableFuture<Void> elsewhere(Runnable task) {
    return CompletableFuture.runAsync(task, application::elsewhere);
  }

  void answer(Context ctx, TrackedRequest handle) {
    application.logElsewhere(handle);
    ctx.result("async");
  }

  private static void clearAttributes(Context ctx) {
    List<String> names = Collections.list(ctx.req().getAttributeNames());
    names.forEach(ctx.req()::removeAttribute);
  }

  private static void writeUnchecked(Context ctx, String text) {
    try {
      write(ctx, text);
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  /** Past the result, straight to the client. */
  static void write(Context ctx, String text) throws IOException {
    ServletOutputStream out = ctx.res().getOutputStream();
    out.write(text.getBytes(UTF_8));
    out.flush();
  }
}
