// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.runtracker.adapter.HttpReader;
import java.util.List;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.jspecify.annotations.Nullable;

/** Reads what users asked for off Jetty's request and response. */
final class JettyReader implements HttpReader<Request, Response> {

  static final JettyReader INSTANCE = new JettyReader();

  private JettyReader() {}

  @Override
  public @Nullable String requestHeader(Request request, String name) {
    return joined(request.getHeaders(), name);
  }

  @Override
  public @Nullable String clientAddress(Request request) {
    return Request.getRemoteAddr(request);
  }

  @Override
  public @Nullable String responseHeader(Response response, String name) {
    return joined(response.getHeaders(), name);
  }

  private static @Nullable String joined(HttpFields fields, String name) {
    List<String> values = fields.getValuesList(name);
    return values.isEmpty() ? null : String.join(", ", values);
  }
}
