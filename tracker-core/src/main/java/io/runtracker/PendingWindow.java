// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.Map;
import java.util.Optional;

/** A closed window that waits for delivery. Made only where the sink is a {@link WindowSink}. */
final class PendingWindow extends PendingRun {

  private final RequestWindow window;
  private final long[] positions;
  private final long bytes;
  private final long oldestMillis;

  /**
   * @throws IllegalArgumentException when there are no members
   */
  PendingWindow(String windowId, WindowMembers members, Map<DropReason, Long> dropped) {
    super(members.ticket());
    this.window = RequestWindow.of(windowId, members.events(), dropped);
    this.positions = members.positions();
    this.bytes = members.bytes();
    this.oldestMillis = members.oldestMillis();
  }

  RequestWindow window() {
    return window;
  }

  @Override
  String create(RunSink sink) throws SinkException, InterruptedException {
    return ((WindowSink) sink).create(window);
  }

  @Override
  void complete(RunSink sink, String id) throws SinkException, InterruptedException {
    ((WindowSink) sink).complete(id, window);
  }

  @Override
  Optional<String> find(RunSink sink) throws SinkException, InterruptedException {
    return ((WindowSink) sink).find(window);
  }

  @Override
  Repeated asRepeated() {
    return new Repeated.OfWindow(window.withoutEvents());
  }

  @Override
  long[] positions() {
    return positions;
  }

  @Override
  int size() {
    return window.events().size();
  }

  @Override
  long bytes() {
    return bytes;
  }

  @Override
  long oldestMillis() {
    return oldestMillis;
  }

  @Override
  public String toString() {
    return window.toString();
  }
}
