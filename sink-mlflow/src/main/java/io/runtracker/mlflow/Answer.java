// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.mlflow_project.google.gson.JsonElement;
import org.mlflow_project.google.gson.JsonObject;
import org.mlflow_project.google.gson.JsonParseException;
import org.mlflow_project.google.gson.JsonParser;

/**
 * What came back from a call.
 *
 * @param call the method and the address, for messages
 * @param location the header, or null
 * @param retryAfter the header, or null
 * @param answerer the header {@code Server}, or null
 */
record Answer(
    String call,
    int status,
    @Nullable String location,
    @Nullable String retryAfter,
    @Nullable String answerer,
    String body) {

  private static final Pattern PAGE =
      Pattern.compile("\\s*<(!doctype|html|head|body|\\?xml)", Pattern.CASE_INSENSITIVE);
  private static final Pattern TITLE =
      Pattern.compile("<title[^>]*>([^<]+)</title>", Pattern.CASE_INSENSITIVE);
  private static final Pattern MARKUP = Pattern.compile("(?is)<(script|style)\\b.*?</\\1>|<[^>]*>");

  /** The code where a run or an experiment is not there. */
  static final String DOES_NOT_EXIST = "RESOURCE_DOES_NOT_EXIST";

  boolean isOk() {
    return status >= 200 && status < 300;
  }

  /** MLflow's code of an error; null when the answer is none of MLflow's own. */
  @Nullable String errorCode() {
    return text("error_code");
  }

  boolean hasErrorCode(String code) {
    return code.equals(errorCode());
  }

  /** MLflow's message, or the beginning of what came in its place. */
  String message() {
    String message = text("message");
    return message != null ? message : body;
  }

  /** Whether it is a page for people. MLflow's own errors are JSON, or a line of text. */
  boolean isPage() {
    return PAGE.matcher(body).lookingAt();
  }

  /** What a page says in its title, or else in its text. */
  String textOfPage() {
    Matcher title = TITLE.matcher(body);
    return title.find() ? title.group(1) : MARKUP.matcher(body).replaceAll(" ");
  }

  /** The body as a JSON object, or null: a page of a proxy, half an answer, or none at all. */
  @Nullable JsonObject json() {
    try {
      JsonElement json = JsonParser.parseString(body);
      return json.isJsonObject() ? json.getAsJsonObject() : null;
    } catch (JsonParseException notJson) {
      return null;
    }
  }

  private @Nullable String text(String field) {
    JsonObject json = json();
    JsonElement value = json == null ? null : json.get(field);
    return value != null && value.isJsonPrimitive() ? value.getAsString() : null;
  }
}
