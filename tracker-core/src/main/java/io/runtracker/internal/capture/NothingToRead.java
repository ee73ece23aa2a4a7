// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.capture;

import io.runtracker.adapter.HttpReader;
import org.jspecify.annotations.Nullable;

/** Reads nothing: for requests that are opened and ended without a framework's objects. */
public final class NothingToRead implements HttpReader<NothingToRead, NothingToRead> {

  public static final NothingToRead INSTANCE = new NothingToRead();

  private NothingToRead() {}

  @Override
  public @Nullable String requestHeader(NothingToRead request, String name) {
    return null;
  }

  @Override
  public @Nullable String clientAddress(NothingToRead request) {
    return null;
  }

  @Override
  public @Nullable String responseHeader(NothingToRead response, String name) {
    return null;
  }
}
