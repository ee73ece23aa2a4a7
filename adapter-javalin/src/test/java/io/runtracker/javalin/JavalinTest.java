// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.runtracker.Tracker;
import io.runtracker.testkit.AdapterContract;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;

/** The contract of adapters, as Javalin has it. */
class JavalinTest extends AdapterContract {

  @Override
  protected RunningServer start(Tracker tracker, Application application, Setup setup) {
    return JavalinServer.start(tracker, application, setup);
  }

  @Override
  protected String missing(Endpoint endpoint) {
    return switch (endpoint) {
      case ASYNC_DISPATCH, ASYNC_DISPATCH_HANDLE, ASYNC_DISPATCH_THROW ->
          "Javalin completes what was started when its handlers are done, so nothing is dispatched";
      case INCLUDE -> "Javalin routes by the request's URI, which an include leaves as it was";
      case ASYNC_EXPLICIT -> "Javalin calls startAsync itself, with what it was given";
      default -> null;
    };
  }

  @Override
  protected String upgradeTo() {
    return "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==";
  }
}
