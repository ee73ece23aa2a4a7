// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A closed window that waits for delivery. Made only where the sink is a {@link WindowSink}. */
final class PendingWindow extends PendingRun {

  private final WindowMembers members;
  private final RequestWindow window;
  private final long[] positions;

  /**
   * @param members to which none is added any more
   * @throws IllegalArgumentException when there are no members
   */
  PendingWindow(String windowId, WindowMembers members, Map<DropReason, Long> dropped) {
    super(members.ticket());
    this.members = members;
    this.window = members.window(windowId, dropped);
    this.positions = members.positions();
  }

  RequestWindow window() {
    return window;
  }

  @Override
  String create(RunSink sink) throws SinkException, InterruptedException {
    return members.draft().create(window);
  }

  @Override
  void complete(RunSink sink, String id) throws SinkException, InterruptedException {
    members.draft().complete(id, window);
  }

  @Override
  Optional<String> find(RunSink sink) throws SinkException, InterruptedException {
    return ((WindowSink) sink).find(window);
  }

  @Override
  Repeated asRepeated() {
    return new Repeated.OfWindow(window);
  }

  @Override
  long[] positions() {
    return positions;
  }

  /** See {@link WindowMembers#unspooledEvents()}. */
  List<RequestEvent> unspooledEvents() {
    return members.unspooledEvents();
  }

  @Override
  int size() {
    return window.size();
  }

  @Override
  long bytes() {
    return members.bytes();
  }

  @Override
  long oldestMillis() {
    return members.oldestMillis();
  }

  @Override
  public String toString() {
    return window.toString();
  }
}
