// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** The handle where no request is tracked: takes everything, keeps nothing. */
enum NoRequest implements TrackedRequest {
  INSTANCE;

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
