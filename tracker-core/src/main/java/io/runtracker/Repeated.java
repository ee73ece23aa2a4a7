// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

/** A run that was created a second time, because a look-up did not find it. */
sealed interface Repeated {

  /** The id that both runs hold. */
  String id();

  /** See {@link RunSink#removeDuplicates}. */
  int removeDuplicates(RunSink sink) throws SinkException, InterruptedException;

  /** The run of one request. */
  record OfEvent(RequestEvent event) implements Repeated {
    @Override
    public String id() {
      return event.eventId();
    }

    @Override
    public int removeDuplicates(RunSink sink) throws SinkException, InterruptedException {
      return sink.removeDuplicates(event);
    }
  }

  /** The run of a window, without its requests. */
  record OfWindow(RequestWindow window) implements Repeated {
    @Override
    public String id() {
      return window.windowId();
    }

    @Override
    public int removeDuplicates(RunSink sink) throws SinkException, InterruptedException {
      return sink instanceof WindowSink windows ? windows.removeDuplicates(window) : 0;
    }
  }
}
