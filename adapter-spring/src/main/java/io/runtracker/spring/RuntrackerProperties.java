// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import io.runtracker.Durability;
import io.runtracker.RecordQuery;
import io.runtracker.TrackAs;
import io.runtracker.Tracker;
import io.runtracker.WhenFull;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.convert.DurationUnit;
import org.springframework.util.unit.DataSize;

/**
 * The properties {@code runtracker.*}: the words of {@link Tracker.Builder} and of {@code
 * MlflowSink.Builder}. What is not set is left to the environment.
 *
 * @param enabled Whether to track at all. Default: true, unless MLFLOW_ENABLE=false.
 * @param skip Paths that are not tracked, below the context path; replaces the default. Default:
 *     probes, the actuator, /docs, /openapi.json, /v3/api-docs and /swagger-ui.
 * @param redact Names of parameters whose values are not recorded; replaces the default. Default:
 *     token, password, api_key, otp and 30 more.
 * @param ringSize Slots of the ring, a power of two. Default: 8192.
 * @param ringBytes The most logged data that requests in the ring hold; ringSize alone bounds
 *     requests below 1 KiB. Default: 16 MiB, or a sixteenth of the heap where that is less.
 * @param requestBytes The most data that a handler logs into one request: each entry's characters
 *     and 128 more. Default: 1 MiB.
 * @param whenFull What a request thread does when the ring is full: DROP counts and goes on, BLOCK
 *     waits. Default: DROP.
 * @param batchSize Requests at which a group is appended to the log. Default: 512.
 * @param batchBytes Bytes of encoded requests at which a group is appended. Default: 1 MiB.
 * @param batchAge Age at which a group is appended. Default: 15 ms before a spool, else 50 ms.
 * @param spoolDir The directory in which requests are safe until they are delivered. Default: none.
 * @param spoolShared Whether several processes are given the same directory. Default: false.
 * @param spoolQuota The most bytes of the spool on disk, 8 MiB at least; if it is full, new
 *     requests are dropped. Default: 1 GiB.
 * @param durability PROCESS survives the end of the process, however it ends; POWER the machine's
 *     too. Default: PROCESS.
 * @param queueSize The most requests that wait in memory. Default: 100000, or 4 times windowRows if
 *     more.
 * @param queueBytes The most bytes of encoded requests that wait in memory. Default: 48 MiB, or
 *     2000 times windowRows if more, but at most a quarter of the heap.
 * @param inFlight The most runs that are written at the same time. Default: 12.
 * @param trackAs How requests are written: RUN, WINDOW or AUTO. Default: AUTO.
 * @param windowAge Age at which a window closes. Default: 10 s.
 * @param windowRows Requests at which a window closes; never more than half of queueSize. Default:
 *     10000.
 * @param windowBytes Bytes of encoded requests at which a window closes; never more than half of
 *     queueBytes, and less after a server or a proxy refused a window as too large. Default:
 *     1600000, or 800 times windowRows where that is more than 10000.
 * @param autoThreshold Age of the backlog at which AUTO turns to windows. Default: 1 min.
 * @param retryDelay The first pause after a failure; doubles with each further one. Default: 500
 *     ms.
 * @param maxRetryDelay The longest pause after a failure; not shorter than retryDelay. Default: 1
 *     min.
 * @param maxTries How often a request may fail while others pass, before it is set aside; at least
 *     2. Default: 10.
 * @param lookupDelay The wait before looking for a run whose create was not answered; shorter risks
 *     a second run. Default: 25 s.
 * @param closeTimeout The deadline of close() and of the shutdown hook. Default: 10 s.
 * @param sampleRatio The share of requests that are recorded, from 0 to 1; failures and slow ones
 *     always are. Default: 1.
 * @param slowThreshold A request that takes longer is slow: sampling keeps it, and AUTO gives it a
 *     run of its own. Default: 1 s.
 * @param recordHeaders Headers of the request to record. Default: none.
 * @param recordClientAddress Whether to record where requests came from. Default: false.
 * @param recordStackTrace Whether error_details.txt has the stack trace below the message, 100
 *     lines at most. Default: false.
 * @param recordQuery What to record of a URL's query: VALUES (those of secrets redacted), NAMES
 *     alone, or NONE. Default: VALUES.
 * @param trackingUri The server: http://, https://, databricks or databricks://profile. Default:
 *     MLFLOW_TRACKING_URI, else http://127.0.0.1:5000.
 * @param experiment The experiment by name, created when there is none. Default:
 *     MLFLOW_EXPERIMENT_NAME.
 * @param experimentId The experiment by number. Default: MLFLOW_EXPERIMENT_ID, else 0.
 * @param username The user of basic authentication. Default: MLFLOW_TRACKING_USERNAME.
 * @param password The password of basic authentication. Default: MLFLOW_TRACKING_PASSWORD.
 * @param token Bearer authentication. Default: MLFLOW_TRACKING_TOKEN.
 * @param insecureTls Whether to accept a server without checking its certificate; never in
 *     production. Default: MLFLOW_TRACKING_INSECURE_TLS, else false.
 * @param serverCertificate PEM file with the certificates to trust. Default:
 *     MLFLOW_TRACKING_SERVER_CERT_PATH.
 * @param clientCertificate PEM file with a certificate and its PKCS#8 key. Default:
 *     MLFLOW_TRACKING_CLIENT_CERT_PATH.
 * @param workspace The workspace, on a server with workspaces. Default: MLFLOW_WORKSPACE.
 * @param requestTimeout The longest that one call may take. Default: MLFLOW_HTTP_REQUEST_TIMEOUT,
 *     else 30s.
 * @param connectTimeout The longest wait for a connection. Default: 5s.
 * @param parentRun The run that every run is nested under. Default: MLFLOW_RUN_ID, else none.
 * @param serviceName The tag mlflow.source.name, and what windows and days are named after.
 *     Default: spring.application.name, else the context path of a WAR, else the main class or jar.
 * @param durationMetric Whether runs hold duration_ms; without it a plain run takes two calls in
 *     place of three. Default: true.
 * @param windowRoutes How many routes of a window have metrics of their own, those with the most
 *     requests; the rest is under other; 80 at most. Default: 20.
 * @param windowFailureRatio The share of failed requests above which the run of a window is FAILED.
 *     Default: 0.5.
 * @param tags Tags of every run, unless its handler gives them other values.
 * @param skipStaticResources Whether to leave out static resources (style sheets, scripts, images,
 *     fonts) that succeed. Default: false.
 * @param handledExceptions What becomes of exceptions that Spring MVC turns into an answer.
 * @param filterOrder The filter's place among the application's filters; it belongs before all.
 * @param exceptionResolverOrder The place of the resolver that notes exceptions; what is resolved
 *     before it is not seen.
 */
@ConfigurationProperties("runtracker")
record RuntrackerProperties(
    @Nullable Boolean enabled,
    @Nullable List<String> skip,
    @Nullable List<String> redact,
    @Nullable Integer ringSize,
    @Nullable DataSize ringBytes,
    @Nullable DataSize requestBytes,
    @Nullable WhenFull whenFull,
    @Nullable Integer batchSize,
    @Nullable DataSize batchBytes,
    @Nullable Duration batchAge,
    @Nullable Path spoolDir,
    @Nullable Boolean spoolShared,
    @Nullable DataSize spoolQuota,
    @Nullable Durability durability,
    @Nullable Integer queueSize,
    @Nullable DataSize queueBytes,
    @Nullable Integer inFlight,
    @Nullable TrackAs trackAs,
    @Nullable Duration windowAge,
    @Nullable Integer windowRows,
    @Nullable DataSize windowBytes,
    @Nullable Duration autoThreshold,
    @Nullable Duration retryDelay,
    @Nullable Duration maxRetryDelay,
    @Nullable Integer maxTries,
    @Nullable Duration lookupDelay,
    @Nullable Duration closeTimeout,
    @Nullable Double sampleRatio,
    @Nullable Duration slowThreshold,
    @Nullable List<String> recordHeaders,
    @Nullable Boolean recordClientAddress,
    @Nullable Boolean recordStackTrace,
    @Nullable RecordQuery recordQuery,
    @Nullable String trackingUri,
    @Nullable String experiment,
    @Nullable String experimentId,
    @Nullable String username,
    @Nullable String password,
    @Nullable String token,
    @Nullable Boolean insecureTls,
    @Nullable Path serverCertificate,
    @Nullable Path clientCertificate,
    @Nullable String workspace,
    @DurationUnit(ChronoUnit.SECONDS) @Nullable Duration requestTimeout,
    @DurationUnit(ChronoUnit.SECONDS) @Nullable Duration connectTimeout,
    @Nullable String parentRun,
    @Nullable String serviceName,
    @Nullable Boolean durationMetric,
    @Nullable Integer windowRoutes,
    @Nullable Double windowFailureRatio,
    @Nullable Map<String, String> tags,
    @DefaultValue("false") boolean skipStaticResources,
    @DefaultValue("server-errors") HandledExceptions handledExceptions,
    @DefaultValue("-2147483648") int filterOrder,
    @DefaultValue("-2147483648") int exceptionResolverOrder) {

  void applyTo(Tracker.Builder builder) {
    set(enabled, builder::enabled);
    set(skip, patterns -> builder.skip(patterns.toArray(String[]::new)));
    set(redact, parameters -> builder.redact(parameters.toArray(String[]::new)));
    set(ringSize, builder::ringSize);
    set(ringBytes, size -> builder.ringBytes(size.toBytes()));
    set(requestBytes, size -> builder.requestBytes((int) Math.min(size.toBytes(), 1L << 30)));
    set(whenFull, builder::whenFull);
    set(batchSize, builder::batchSize);
    set(batchBytes, size -> builder.batchBytes(size.toBytes()));
    set(batchAge, builder::batchAge);
    set(spoolDir, builder::spool);
    set(spoolShared, builder::spoolShared);
    set(spoolQuota, size -> builder.spoolQuota(size.toBytes()));
    set(durability, builder::durability);
    set(queueSize, builder::queueSize);
    set(queueBytes, size -> builder.queueBytes(size.toBytes()));
    set(inFlight, builder::inFlight);
    set(trackAs, builder::trackAs);
    set(windowAge, builder::windowAge);
    set(windowRows, builder::windowRows);
    set(windowBytes, size -> builder.windowBytes(size.toBytes()));
    set(autoThreshold, builder::autoThreshold);
    set(retryDelay, builder::retryDelay);
    set(maxRetryDelay, builder::maxRetryDelay);
    set(maxTries, builder::maxTries);
    set(lookupDelay, builder::lookupDelay);
    set(closeTimeout, builder::closeTimeout);
    set(sampleRatio, builder::sampleRatio);
    set(slowThreshold, builder::slowThreshold);
    set(recordHeaders, names -> builder.recordHeaders(names.toArray(String[]::new)));
    set(recordClientAddress, builder::recordClientAddress);
    set(recordStackTrace, builder::recordStackTrace);
    set(recordQuery, builder::recordQuery);
  }

  static <T> void set(@Nullable T value, Consumer<T> setter) {
    if (value != null) {
      setter.accept(value);
    }
  }

  /** Set to nothing is not set, as in the environment. */
  static void setText(@Nullable String value, Consumer<String> setter) {
    if (value != null && !value.isBlank()) {
      setter.accept(value);
    }
  }

  /** A record would name its credentials. */
  @Override
  public String toString() {
    return "RuntrackerProperties";
  }
}
