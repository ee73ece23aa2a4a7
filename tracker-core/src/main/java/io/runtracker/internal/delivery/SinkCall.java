// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import io.runtracker.sink.SinkException;

/** A call of the sink. Exceptions that it does not declare reach Java from other languages. */
interface SinkCall<T> {

  T made() throws SinkException, InterruptedException;

  /**
   * Makes it.
   *
   * @throws IllegalStateException around what was not declared, so that nobody takes an exception
   *     of the sink's network for one of our own disk
   */
  static <T> T make(SinkCall<T> call) throws SinkException, InterruptedException {
    try {
      return call.made();
    } catch (SinkException | InterruptedException | RuntimeException declared) {
      throw declared;
    } catch (Exception undeclared) {
      throw new IllegalStateException(undeclared);
    }
  }
}
