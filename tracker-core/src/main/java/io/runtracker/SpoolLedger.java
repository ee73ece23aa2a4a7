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
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What a spool remembers across a crash beside its events.
 *
 * @param delivered events delivered, ever
 * @param dropped events lost, ever, by reason
 * @param attempted the positions in the spool of the events that are being sent as runs of their
 *     own: a crash may have left a run behind for those, and for no other
 */
record SpoolLedger(long delivered, Map<DropReason, Long> dropped, SortedSet<Long> attempted) {

  private static final byte VERSION = 2;

  static SpoolLedger of(Ledger ledger, SortedSet<Long> attempted) {
    return new SpoolLedger(ledger.delivered(), ledger.dropped(), attempted);
  }

  byte[] encode() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(64);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeLong(delivered);
      out.writeByte(dropped.size());
      for (Map.Entry<DropReason, Long> entry : dropped.entrySet()) {
        out.writeUTF(entry.getKey().name());
        out.writeLong(entry.getValue());
      }
      out.writeInt(attempted.size());
      for (long position : attempted) {
        out.writeLong(position);
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
      return new SpoolLedger(0, dropped, new TreeSet<>());
    }
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      byte version = in.readByte();
      if (version != VERSION) {
        throw new IOException("a ledger of the unknown version " + version);
      }
      long delivered = in.readLong();
      for (int left = in.readByte(); left > 0; left--) {
        String reason = in.readUTF();
        dropped.put(DropReason.valueOf(reason), in.readLong());
      }
      SortedSet<Long> attempted = new TreeSet<>();
      for (int left = in.readInt(); left > 0; left--) {
        attempted.add(in.readLong());
      }
      return new SpoolLedger(delivered, dropped, attempted);
    } catch (IllegalArgumentException e) {
      throw new IOException("a ledger with a reason of a later version", e);
    }
  }
}
