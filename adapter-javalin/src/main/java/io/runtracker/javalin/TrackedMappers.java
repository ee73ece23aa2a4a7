// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.javalin.config.JavalinState;
import io.javalin.http.Context;
import io.javalin.http.ExceptionHandler;
import io.javalin.http.InternalServerErrorResponse;
import io.javalin.router.InternalRouter;
import io.javalin.router.exception.ExceptionMapper;
import io.javalin.router.exception.HttpResponseExceptionMapper;
import io.javalin.util.JavalinLogger;
import io.runtracker.adapter.OpenRequest;
import java.lang.reflect.Method;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees what exception mappers are given, which is the only place that the exception of a failed
 * future comes to. The user's mappers stay what they are; each is called as before.
 */
final class TrackedMappers {

  private static final Logger log = LoggerFactory.getLogger(TrackingPlugin.class);

  private TrackedMappers() {}

  /**
   * To be called when all mappers are registered. Javalin has no public way to them; should a later
   * version have moved them, failed futures are recorded by their status alone.
   */
  static void install(JavalinState state) {
    try {
      Method getter = InternalRouter.class.getDeclaredMethod("getHttpExceptionMapper");
      getter.setAccessible(true);
      ExceptionMapper mapper = (ExceptionMapper) getter.invoke(state.internalRouter);
      Map<Class<? extends Exception>, ExceptionHandler<Exception>> handlers = mapper.getHandlers();
      handlers.replaceAll((type, handler) -> handler == null ? null : tracked(handler));
      handlers.putIfAbsent(Exception.class, tracked(TrackedMappers::answerAsJavalinDoes));
    } catch (ReflectiveOperationException | RuntimeException | LinkageError moved) {
      log.warn(
          "The exceptions of failed futures cannot be seen in this version of Javalin; such"
              + " requests are recorded by their status alone",
          moved);
    }
  }

  private static ExceptionHandler<Exception> tracked(ExceptionHandler<Exception> original) {
    return (exception, context) -> {
      Exchange exchange = Exchange.of(context.req());
      if (exchange == null) {
        original.handle(exception, context);
        return;
      }
      exchange.failed(exception);
      OpenRequest.Scope scope = exchange.makeCurrent();
      try {
        original.handle(exception, context);
        exchange.answered();
      } finally {
        scope.close();
      }
    };
  }

  /** What Javalin does with an exception that no mapper is registered for. */
  private static void answerAsJavalinDoes(Exception exception, Context context) {
    JavalinLogger.warn("Uncaught exception", exception);
    HttpResponseExceptionMapper.INSTANCE.handle(new InternalServerErrorResponse(), context);
  }
}
