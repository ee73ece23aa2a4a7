// SPDX-License-Identifier: Apache-2.0
package io.runtracker.javalin;

import io.javalin.http.Context;
import io.runtracker.adapter.HttpReader;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads what users asked for off Javalin's context. */
final class ContextReader implements HttpReader<Context, Context> {

  static final ContextReader INSTANCE = new ContextReader();

  private ContextReader() {}

  @Override
  public @Nullable String requestHeader(Context context, String name) {
    List<String> values = Collections.list(context.req().getHeaders(name));
    return values.isEmpty() ? null : String.join(", ", values);
  }

  @Override
  public @Nullable String clientAddress(Context context) {
    return context.req().getRemoteAddr();
  }

  @Override
  public @Nullable String responseHeader(Context context, String name) {
    Collection<String> values = context.res().getHeaders(name);
    return values.isEmpty() ? null : String.join(", ", values);
  }
}
