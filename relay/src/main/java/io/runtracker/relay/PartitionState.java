// SPDX-License-Identifier: Apache-2.0
package io.runtracker.relay;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.internal.log.Fields;
import io.runtracker.internal.log.Positions;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.jspecify.annotations.Nullable;

/**
 * What the group knows of a partition: an offset, below which all is done, and in its metadata what
 * is done above, what is going to be written, and the ledger. Immutable.
 *
 * <p>The position of a record is its offset and one more, because positions begin with 1.
 *
 * @param done positions that need nothing more; 0 is always one of them
 * @param controls what the delivery of the partition wants to be remembered
 * @param ledger its ledger, or null where there is none yet
 * @param topicId which topic of the name it is; offsets of another one mean nothing
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record PartitionState(
    Positions done, List<byte[]> controls, byte @Nullable [] ledger, String topicId) {

  private static final String VERSION = "1";
  private static final int DONE = 1;
  private static final int CONTROL = 2;
  private static final int LEDGER = 3;
  private static final int TOPIC_ID = 4;

  /** More than a commit's metadata may ever hold. */
  private static final int MOST_BYTES = 1 << 20;

  /** Of a partition of which nothing is known but where it begins. */
  static PartitionState startingAt(long offset, String topicId) {
    return new PartitionState(Positions.of(0, offset + 1), List.of(), null, topicId);
  }

  /** All records below are done. */
  long offset() {
    return done.firstMissing(0) - 1;
  }

  OffsetAndMetadata toCommit() {
    Fields fields = new Fields(256).field(TOPIC_ID, topicId);
    long below = offset() + 1;
    Positions above = done.minus(Positions.of(0, below));
    if (!above.isEmpty()) {
      fields.field(DONE, above.encode());
    }
    controls.forEach(control -> fields.field(CONTROL, control));
    if (ledger != null) {
      fields.field(LEDGER, ledger);
    }
    String text = Base64.getEncoder().withoutPadding().encodeToString(deflated(fields.toBytes()));
    return new OffsetAndMetadata(offset(), Optional.empty(), VERSION + text);
  }

  /**
   * Reads what {@link #toCommit} has made. Of an offset without metadata, as an operator sets it,
   * nothing else is known, and it is taken for one of the topic of now.
   *
   * @param topicId of now
   * @throws IOException when it is something else, such as that of a later version
   */
  static PartitionState of(OffsetAndMetadata committed, String topicId) throws IOException {
    String text = committed.metadata();
    if (text.isEmpty()) {
      return startingAt(committed.offset(), topicId);
    }
    if (!text.startsWith(VERSION)) {
      throw new IOException("the offset's metadata is not of this version of Runtracker");
    }
    Positions done = Positions.of(0, committed.offset() + 1);
    List<byte[]> controls = new ArrayList<>();
    byte[] ledger = null;
    String known = topicId; // unless it says another
    try {
      Fields.Reader in = new Fields.Reader(inflated(Base64.getDecoder().decode(text.substring(1))));
      while (in.next()) {
        switch (in.tag()) {
          case DONE -> done = done.plus(Positions.decode(in.bytesValue()));
          case CONTROL -> controls.add(in.bytesValue());
          case LEDGER -> ledger = in.bytesValue();
          case TOPIC_ID -> known = new String(in.bytesValue(), UTF_8);
          default -> throw new IOException("the offset's metadata is of a later version");
        }
      }
    } catch (IllegalArgumentException | DataFormatException e) {
      throw new IOException("the offset's metadata is damaged, or not Runtracker's", e);
    }
    return new PartitionState(done, List.copyOf(controls), ledger, known);
  }

  private static byte[] deflated(byte[] bytes) {
    Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
    try {
      deflater.setInput(bytes);
      deflater.finish();
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] some = new byte[1024];
      while (!deflater.finished()) {
        out.write(some, 0, deflater.deflate(some));
      }
      return out.toByteArray();
    } finally {
      deflater.end();
    }
  }

  private static byte[] inflated(byte[] bytes) throws DataFormatException, IOException {
    Inflater inflater = new Inflater(true);
    try {
      inflater.setInput(bytes);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      byte[] some = new byte[1024];
      while (!inflater.finished()) {
        int read = inflater.inflate(some);
        boolean isCut = read == 0 && !inflater.finished() && inflater.needsInput();
        if (isCut || out.size() > MOST_BYTES) {
          throw new IOException("the offset's metadata is cut short, or not Runtracker's");
        }
        out.write(some, 0, read);
      }
      return out.toByteArray();
    } finally {
      inflater.end();
    }
  }

  @Override
  public String toString() {
    return topicId + ": " + done + ", " + controls.size() + " controls, " + text(ledger);
  }

  private static String text(byte @Nullable [] bytes) {
    return bytes == null ? "no ledger" : new String(bytes, ISO_8859_1);
  }
}
