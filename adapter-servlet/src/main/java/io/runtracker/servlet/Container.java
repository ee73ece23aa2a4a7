// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestWrapper;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a container by the class of its own requests. By name and reflection, because an
 * application does not always see its container's classes.
 */
final class Container {

  private static final String TOMCAT = "org.apache.catalina.connector.RequestFacade";
  private static final String JETTY = "org.eclipse.jetty.";

  /** Few: a container has one or two classes of requests. */
  private static final Map<Class<?>, Container> KNOWN = new ConcurrentHashMap<>();

  private final boolean isTomcat;

  /** Of a request and a listener; null where there is no such thing. */
  private final @Nullable MethodHandle addCompletionListener;

  private Container(boolean isTomcat, @Nullable MethodHandle addCompletionListener) {
    this.isTomcat = isTomcat;
    this.addCompletionListener = addCompletionListener;
  }

  /**
   * The container of a request.
   *
   * @param own the request below all wrappers, see {@link #ownRequest}
   */
  static Container of(ServletRequest own) {
    Class<?> type = own.getClass();
    Container known = KNOWN.get(type);
    if (known == null) {
      known = new Container(type.getName().equals(TOMCAT), completionOf(type));
      KNOWN.put(type, known);
    }
    return known;
  }

  /** The request as the container made it, below whatever filters put around it. */
  static ServletRequest ownRequest(ServletRequest request) {
    ServletRequest own = request;
    while (own instanceof ServletRequestWrapper wrapper) {
      own = wrapper.getRequest();
    }
    return own;
  }

  /**
   * Whether asking a request that leaves the filter chain if it went asynchronous would race with
   * the thread that completes it. Tomcat lets no request complete before that. It also looks for
   * the class of its own requests, to answer OPTIONS, and must find it.
   */
  boolean hidesQuickCompletion() {
    return !isTomcat;
  }

  /**
   * Has the container say when it has completed the request, with the failure if there was one and
   * while request and response can still be read. Only Jetty can: it knows of failures and statuses
   * that come after all filters and listeners, or past them.
   *
   * @return whether the container will
   */
  boolean onCompletion(ServletRequest own, Consumer<@Nullable Throwable> listener) {
    if (addCompletionListener == null) {
      return false;
    }
    try {
      addCompletionListener.invoke(own, listener);
      return true;
    } catch (Throwable refused) {
      Exchange.log(refused);
      return false;
    }
  }

  private static @Nullable MethodHandle completionOf(Class<?> type) {
    if (!type.getName().startsWith(JETTY)) {
      return null;
    }
    try {
      Method coreRequest = type.getMethod("getRequest");
      Class<?> core = Class.forName(JETTY + "server.Request", false, type.getClassLoader());
      Method add = core.getMethod("addCompletionListener", core, Consumer.class);
      MethodHandles.Lookup lookup = MethodHandles.publicLookup();
      return MethodHandles.filterArguments(
              lookup.unreflect(add),
              0,
              lookup
                  .unreflect(coreRequest)
                  .asType(MethodType.methodType(core, coreRequest.getDeclaringClass())))
          .asType(MethodType.methodType(void.class, ServletRequest.class, Consumer.class));
    } catch (ReflectiveOperationException | RuntimeException | LinkageError other) {
      Exchange.log(other); // a Jetty without completion listeners
      return null;
    }
  }
}
