// SPDX-License-Identifier: Apache-2.0
package io.runtracker.sink;

/**
 * Takes the requests of one log. Delivery calls it from several threads at once; calls may block
 * and should honour interruption.
 */
public interface BatchWriter extends AutoCloseable {

  /**
   * Writes the requests of a batch that were not written before, all of them or none. When it
   * throws, nobody knows which; the same requests come again then, in the same batch or in others,
   * maybe after a restart. The writer has to see to it that each is written once.
   *
   * @throws SinkException {@link SinkException.Kind#TOO_LARGE} or {@link
   *     SinkException.Kind#REFUSED} when it is about what is in the batch, which is taken apart
   *     then, until the request is found that does not fit
   */
  void write(RequestBatch batch) throws SinkException, InterruptedException;

  /**
   * Ends what is under way. Called once, after the last call above has ended or was interrupted.
   */
  @Override
  void close();
}
