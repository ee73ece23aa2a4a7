// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.Tracker;
import io.runtracker.testkit.AdapterContract;
import io.runtracker.testkit.Application;
import io.runtracker.testkit.Endpoint;
import io.runtracker.testkit.RunningServer;
import io.runtracker.testkit.Setup;

/** The contract of adapters, as a Spring Boot service with Tomcat has it. */
public abstract class SpringContract extends AdapterContract {

  @Override
  protected RunningServer start(Tracker tracker, Application application, Setup setup) {
    return ContractService.start(tracker, application, setup, properties());
  }

  /** What a line or a variant sets beside. */
  protected String[] properties() {
    return new String[0];
  }

  @Override
  protected String missing(Endpoint endpoint) {
    return switch (endpoint) {
      case UNAVAILABLE_FOR_GOOD ->
          "Spring MVC has no such exception; the servlet API's takes its one servlet out of service";
      case THROW_BROKEN ->
          "Spring MVC asks an escaping exception for its message, and lets out what that throws";
      default -> null;
    };
  }

  /** A dispatch to another path takes the target's route, as a forward does. */
  @Override
  protected String route(Endpoint endpoint) {
    return endpoint == Endpoint.ASYNC_DISPATCH ? Endpoint.ITEM.template() : super.route(endpoint);
  }
}
