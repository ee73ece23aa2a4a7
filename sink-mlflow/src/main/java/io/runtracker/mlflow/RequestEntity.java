// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.hc.core5.http.io.entity.AbstractHttpEntity;
import org.jspecify.annotations.Nullable;

/** A body in the HTTP client's words. */
final class RequestEntity extends AbstractHttpEntity {

  private final RequestBody body;

  RequestEntity(RequestBody body, String contentType) {
    super(contentType, (@Nullable String) null, false);
    this.body = body;
  }

  @Override
  public boolean isRepeatable() {
    return true;
  }

  @Override
  public long getContentLength() {
    return body.length();
  }

  @Override
  public void writeTo(OutputStream out) throws IOException {
    body.writeTo(out);
  }

  @Override
  public boolean isStreaming() {
    return false;
  }

  @Override
  public InputStream getContent() {
    throw new UnsupportedOperationException("it is written");
  }

  @Override
  public void close() {}
}
