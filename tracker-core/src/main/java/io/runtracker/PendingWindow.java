// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A closed window that waits for delivery. Made only where the sink is a {@link WindowSink}. */
final class PendingWindow extends PendingRun {

  private final RequestWindow window;
  private final List<PendingEvent> members;
  private final long bytes;

  /** The members come in the order of their places in the spool, or they would be other rows. */
  PendingWindow(String windowId, List<PendingEvent> members, Map<DropReason, Long> dropped) {
    super(members.get(0).ticket());
    List<RequestEvent> events = new ArrayList<>(members.size());
    long sum = 0;
    for (PendingEvent member : members) {
      events.add(member.event());
      sum += member.bytes();
    }
    this.window = RequestWindow.of(windowId, events, dropped);
    this.members = List.copyOf(members);
    this.bytes = sum;
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
  List<PendingEvent> members() {
    return members;
  }

  @Override
  int size() {
    return members.size();
  }

  @Override
  long bytes() {
    return bytes;
  }

  @Override
  long oldestMillis() {
    return members.get(0).oldestMillis();
  }

  @Override
  public String toString() {
    return window.toString();
  }
}
