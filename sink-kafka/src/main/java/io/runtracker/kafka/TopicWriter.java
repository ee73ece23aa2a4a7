// SPDX-License-Identifier: Apache-2.0
package io.runtracker.kafka;

import io.runtracker.internal.log.Positions;
import io.runtracker.sink.BatchWriter;
import io.runtracker.sink.RequestBatch;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.jspecify.annotations.Nullable;

/**
 * Writes the requests of one log to the topic, one batch after the other, each in a transaction. A
 * transaction whose end nobody knows is settled by the next connection: it fences the one before,
 * and then reads what that has written.
 */
final class TopicWriter implements BatchWriter {

  private final KafkaSettings settings;
  private final String id;

  /** Transactions of one producer follow each other. */
  private final ReentrantLock writing = new ReentrantLock();

  /** Of each source, what is behind the last position that the log handed out. */
  private final Map<String, Long> ends = new HashMap<>();

  private volatile @Nullable Transactions transactions;
  private volatile boolean closed;

  /** Makes no call. */
  TopicWriter(KafkaSettings settings, String logId) {
    this.settings = settings;
    this.id = "runtracker-log-" + logId;
  }

  @Override
  public void write(RequestBatch batch) throws SinkException, InterruptedException {
    writing.lockInterruptibly();
    boolean isKnown = false;
    try {
      Transactions current = connected();
      Map<String, Positions> positions = WrittenRequests.positionsOf(batch);
      positions.forEach((source, some) -> ends.merge(source, some.end(), Math::max));
      WrittenRequests written = current.written();
      List<RequestBatch.Entry> missing = written.missingOf(batch, positions);
      if (!missing.isEmpty()) {
        current.write(missing, written.plus(positions, batch.settledBelow(), ends));
      }
      isKnown = true;
    } catch (Transactions.TooLargeException e) {
      isKnown = true;
      throw new SinkException(Kind.TOO_LARGE, message(e), e);
    } catch (Transactions.TooManyGapsException e) {
      isKnown = true;
      throw new SinkException(Kind.UNAVAILABLE, message(e), e);
    } catch (InterruptException e) {
      Thread.interrupted(); // it is told by what is thrown
      throw interrupted(e);
    } catch (KafkaException e) {
      throw Failures.of(e, message(e));
    } catch (IOException e) {
      throw new SinkException(Kind.FAILED, message(e), e);
    } finally {
      if (!isKnown) {
        disconnect();
      }
      writing.unlock();
    }
  }

  private static InterruptedException interrupted(InterruptException cause) {
    InterruptedException thrown = new InterruptedException(cause.getMessage());
    thrown.initCause(cause);
    return thrown;
  }

  private String message(Exception e) {
    return Failures.message(e, settings, id);
  }

  private Transactions connected() throws SinkException {
    if (closed) {
      throw new SinkException(Kind.UNAVAILABLE, "The sink is closed", null);
    }
    Transactions current = transactions;
    if (current == null) {
      current = new Transactions(settings, id);
      transactions = current; // so that close() reaches it
      current.begin();
    }
    return current;
  }

  private void disconnect() {
    Transactions current = transactions;
    transactions = null;
    if (current != null) {
      current.abandon();
    }
  }

  @Override
  public void close() {
    closed = true;
    Transactions current = transactions;
    if (current != null) {
      current.abandon();
    }
  }
}
