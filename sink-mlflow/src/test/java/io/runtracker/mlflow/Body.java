// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** What a body sends. */
final class Body {

  private Body() {}

  static String sent(RequestBody body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      body.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (out.size() != body.length()) {
      throw new AssertionError(out.size() + " bytes were sent, and " + body.length() + " named");
    }
    return out.toString(UTF_8);
  }
}
