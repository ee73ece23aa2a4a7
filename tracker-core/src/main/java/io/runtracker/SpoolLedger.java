// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a spool remembers across a crash beside its events.
 *
 * @param delivered events delivered, ever
 * @param dropped events lost, ever, by reason
 * @param attemptedBelow the position in the spool up to which events may have been sent: a crash
 *     may have left a run behind for those, and for no other
 */
record SpoolLedger(long delivered, Map<DropReason, Long> dropped, long attemptedBelow) {

  private static final byte VERSION = 1;

  static SpoolLedger of(Ledger ledger, long attemptedBelow) {
    return new SpoolLedger(ledger.delivered(), ledger.dropped(), attemptedBelow);
  }

  byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(64);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeLong(delivered);
      out.writeLong(attemptedBelow);
      out.writeByte(dropped.size());
      for (Map.Entry<DropReason, Long> entry : dropped.entrySet()) {
        out.writeUTF(entry.getKey().name());
        out.writeLong(entry.getValue());
      }
    } catch (IOException impossibleInMemory) {
      throw new UncheckedIOException(impossibleInMemory);
    }
    return bytes.toByteArray();
  }

  /** Of no bytes: the ledger of a new spool. */
  static SpoolLedger decode(byte @Nullable [] bytes) throws IOException {
    Map<DropReason, Long> dropped = new EnumMap<>(DropReason.class);
    if (bytes == null) {
      return new SpoolLedger(0, dropped, 0);
    }
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      byte version = in.readByte();
      if (version != VERSION) {
        throw new IOException("a ledger of the unknown version " + version);
      }
      long delivered = in.readLong();
      long attemptedBelow = in.readLong();
      for (int left = in.readByte(); left > 0; left--) {
        String reason = in.readUTF();
        dropped.put(DropReason.valueOf(reason), in.readLong());
      }
      return new SpoolLedger(delivered, dropped, attemptedBelow);
    } catch (IllegalArgumentException e) {
      throw new IOException("a ledger with a reason of a later version", e);
    }
  }
}
