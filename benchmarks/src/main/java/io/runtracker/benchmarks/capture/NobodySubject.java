// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.capture;

/** Does nothing: what is measured of it is the measuring, and the machine. */
final class NobodySubject implements Subject {

  @Override
  public void request() {}

  @Override
  public Object prepare() {
    return this;
  }

  @Override
  public void publish(Object prepared) {}

  @Override
  public long consumed() {
    return Long.MAX_VALUE;
  }

  @Override
  public boolean owns(String threadName) {
    return false;
  }

  @Override
  public void close() {}
}
