// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.javalin.http.HandlerType;
import io.javalin.http.servlet.JavalinServlet;
import io.javalin.http.servlet.JavalinServletContext;
import io.javalin.http.servlet.SubmitOrder;
import io.javalin.http.servlet.Task;
import io.javalin.http.servlet.TaskInitializer;
import io.javalin.router.ParsedEndpoint;
import io.runtracker.adapter.OpenRequest;
import java.util.List;
import kotlin.Unit;
import kotlin.jvm.functions.Function2;

/**
 * All stages of Javalin's request lifecycle as one, with each of their tasks run where {@code
 * TrackedRequest.current()} is the request, on whatever thread, and with what leaves it noted. One
 * and not one each, because each would have to ask the server for the request's exchange anew.
 */
final class TrackedTasks implements TaskInitializer<JavalinServletContext> {

  private final List<TaskInitializer<JavalinServletContext>> stages;

  TrackedTasks(List<TaskInitializer<JavalinServletContext>> stages) {
    this.stages = List.copyOf(stages);
  }

  @Override
  public void createTasks(
      Function2<? super SubmitOrder, ? super Task, Unit> submitTask,
      JavalinServlet servlet,
      JavalinServletContext context,
      String requestUri) {
    Exchange exchange = Exchange.of(context.req());
    if (exchange == null) {
      createAll(submitTask, servlet, context, requestUri);
      return;
    }
    begin(exchange, servlet, context, requestUri);
    try {
      createAll(
          (order, task) -> submitTask.invoke(order, tracked(task, exchange, context)),
          servlet,
          context,
          requestUri);
    } catch (Throwable error) {
      exchange.failed(error);
      throw error;
    }
  }

  private void createAll(
      Function2<? super SubmitOrder, ? super Task, Unit> submitTask,
      JavalinServlet servlet,
      JavalinServletContext context,
      String requestUri) {
    for (TaskInitializer<JavalinServletContext> stage : stages) {
      stage.createTasks(submitTask, servlet, context, requestUri);
    }
  }

  private static void begin(
      Exchange exchange, JavalinServlet servlet, JavalinServletContext context, String requestUri) {
    try {
      exchange.bodyPending();
      if (context.req().getMethod().equals("HEAD")) {
        routeOfGet(exchange, servlet, context, requestUri);
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
}
