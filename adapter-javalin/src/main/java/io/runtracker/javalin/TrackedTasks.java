// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.javalin.http.HandlerType;
import io.javalin.http.servlet.JavalinServlet;
import io.javalin.http.servlet.JavalinServletContext;
import io.javalin.http.servlet.SubmitOrder;
import io.javalin.http.servlet.Task;
import io.javalin.http.servlet.TaskInitializer;
import io.javalin.router.ParsedEndpoint;
import io.runtracker.OpenRequest;
import kotlin.Unit;
import kotlin.jvm.functions.Function2;

/**
 * One stage of Javalin's request lifecycle, with each of its tasks run where {@code
 * TrackedRequest.current()} is the request, on whatever thread, and with what leaves it noted.
 */
final class TrackedTasks implements TaskInitializer<JavalinServletContext> {

  private final TaskInitializer<JavalinServletContext> original;

  TrackedTasks(TaskInitializer<JavalinServletContext> original) {
    this.original = original;
  }

  @Override
  public void createTasks(
      Function2<? super SubmitOrder, ? super Task, Unit> submitTask,
      JavalinServlet servlet,
      JavalinServletContext context,
      String requestUri) {
    Exchange exchange = Exchange.of(context.req());
    if (exchange == null) {
      original.createTasks(submitTask, servlet, context, requestUri);
      return;
    }
    try {
      original.createTasks(
          (order, task) -> submitTask.invoke(order, tracked(task, exchange, context)),
          servlet,
          context,
          requestUri);
    } catch (Throwable error) {
      exchange.failed(error);
      throw error;
    }
  }

  static Task tracked(Task task, Exchange exchange, JavalinServletContext context) {
    return new Task(
        task.getSkipOnExceptionAndRedirect(),
        () -> {
          OpenRequest.Scope scope = exchange.makeCurrent();
          try {
            return task.getHandler().handle();
          } catch (Throwable error) {
            exchange.failed(error);
            throw error;
          } finally {
            scope.close();
            exchange.routeOf(context);
            exchange.stayIn(context.req());
          }
        });
  }

  /** Comes before all stages, and has no task of its own. */
  static final class Beginning implements TaskInitializer<JavalinServletContext> {
    @Override
    public void createTasks(
        Function2<? super SubmitOrder, ? super Task, Unit> submitTask,
        JavalinServlet servlet,
        JavalinServletContext context,
        String requestUri) {
      try {
        Exchange exchange = Exchange.of(context.req());
        if (exchange != null) {
          exchange.bodyPending();
          if (context.req().getMethod().equals("HEAD")) {
            routeOfGet(exchange, servlet, context, requestUri);
          }
        }
      } catch (Throwable fault) {
        Exchange.log(fault);
      }
    }

    /** Javalin answers HEAD where there is a GET, without a word about the endpoint. */
    private static void routeOfGet(
        Exchange exchange, JavalinServlet servlet, JavalinServletContext context, String uri) {
      ParsedEndpoint get = servlet.getRouter().findFirstHttpHandlerEntry(HandlerType.GET, uri);
      if (get != null) {
        exchange.route(context.contextPath(), get.endpoint.path);
      }
    }
  }
}
