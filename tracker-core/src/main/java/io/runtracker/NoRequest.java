// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The handle where no request is tracked: takes everything, keeps nothing. */
enum NoRequest implements TrackedRequest {
  INSTANCE;

  @Override
  public @Nullable String id() {
    return null;
  }

  @Override
  public TrackedRequest tags(Map<String, String> tags) {
    return this;
  }

  @Override
  public TrackedRequest params(Map<String, ?> params) {
    return this;
  }

  @Override
  public TrackedRequest metrics(Map<String, ? extends Number> metrics) {
    return this;
  }

  @Override
  public TrackedRequest error(Throwable error) {
    return this;
  }

  @Override
  public TrackedRequest fail(String reason) {
    return this;
  }

  @Override
  public TrackedRequest tag(String key, String value) {
    return this;
  }

  @Override
  public TrackedRequest param(String key, Object value) {
    return this;
  }

  @Override
  public TrackedRequest metric(String key, double value, long step) {
    return this;
  }

  @Override
  public TrackedRequest text(String file, String content) {
    return this;
  }

  @Override
  public TrackedRequest name(String runName) {
    return this;
  }

  @Override
  public void drop() {}
}
