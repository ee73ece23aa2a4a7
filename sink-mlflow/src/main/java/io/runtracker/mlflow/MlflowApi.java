// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.runtracker.sink.SinkException;
import java.net.URLEncoder;
import org.mlflow.api.proto.Service;
import org.mlflow_project.google.gson.JsonObject;
import org.mlflow_project.google.protobuf.InvalidProtocolBufferException;
import org.mlflow_project.google.protobuf.Message;
import org.mlflow_project.google.protobuf.MessageOrBuilder;
import org.mlflow_project.google.protobuf.util.JsonFormat;

/** MLflow's REST calls, with the wire types of its Java client. */
final class MlflowApi {

  private static final String ROOT = "/api/2.0/mlflow/";
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer().preservingProtoFieldNames().omittingInsignificantWhitespace();
  private static final JsonFormat.Parser PARSER = JsonFormat.parser().ignoringUnknownFields();

  private final Transport transport;

  MlflowApi(Transport transport) {
    this.transport = transport;
  }

  /** Whatever was answered, errors included. */
  Answer post(String call, MessageOrBuilder request) throws SinkException, InterruptedException {
    return transport.postJson(ROOT + call, json(request));
  }

  /** The body of a success, read into {@code response}; anything else is thrown. */
  <B extends Message.Builder> B post(String call, MessageOrBuilder request, B response)
      throws SinkException, InterruptedException {
    return read(post(call, request), response);
  }

  /** For a success whose body nobody needs; anything else is thrown. */
  void tell(String call, MessageOrBuilder request) throws SinkException, InterruptedException {
    requireJson(post(call, request));
  }

  /** Whatever was answered, errors included. */
  Answer get(String call, String parameter, String value)
      throws SinkException, InterruptedException {
    return transport.get(ROOT + call + '?' + parameter + '=' + encode(value));
  }

  /** A run with its tags, params and last metrics. */
  Service.Run run(String runId) throws SinkException, InterruptedException {
    Answer answer = get("runs/get", "run_id", runId);
    return read(answer, Service.GetRun.Response.newBuilder()).getRun();
  }

  static <B extends Message.Builder> B read(Answer answer, B response) throws SinkException {
    requireJson(answer);
    try {
      PARSER.merge(answer.body(), response);
      return response;
    } catch (InvalidProtocolBufferException e) {
      throw Failures.unreadable(answer);
    }
  }

  /** The body of a success as it came, for where a message made of all of it would be waste. */
  static JsonObject requireJson(Answer answer) throws SinkException {
    if (!answer.isOk()) {
      throw Failures.of(answer);
    }
    JsonObject json = answer.json();
    if (json == null) {
      throw Failures.unreadable(answer);
    }
    return json;
  }

  /** For a query. */
  static String encode(String value) {
    return URLEncoder.encode(value, UTF_8);
  }

  /** For a path: slashes stay, a space is not a plus. */
  static String encodePath(String path) {
    return encode(path).replace("+", "%20").replace("%2F", "/");
  }

  private static String json(MessageOrBuilder message) {
    try {
      return PRINTER.print(message);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}
