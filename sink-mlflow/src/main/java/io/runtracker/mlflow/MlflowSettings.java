// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Settings that were found usable together.
 *
 * @param server where the server is, and how to be let in
 * @param proxy from the environment, or null; the JVM's own comes before it
 * @param tls null for the JVM's own
 * @param workspace sent with every call, or null
 * @param experimentName found or created; null when {@code experimentId} is used
 * @param requestTimeout for a whole call, its body included
 * @param defaultTags in every run, unless its handler says otherwise
 * @param parentRun the run that every run is nested under, or null
 * @param durationMetric whether runs hold {@code duration_ms}
 * @param serviceName what windows and days are named after
 * @param hostName what days are told apart by; null when it is still to be asked for
 * @param windowRoutes how many routes of a window have metrics of their own
 * @param windowFailureRatio the share of failed requests above which a window is failed
 */
record MlflowSettings(
    Server server,
    @Nullable HttpProxy proxy,
    @Nullable SSLContext tls,
    @Nullable String workspace,
    @Nullable String experimentName,
    String experimentId,
    Duration requestTimeout,
    Duration connectTimeout,
    Map<String, String> defaultTags,
    @Nullable String parentRun,
    boolean durationMetric,
    String serviceName,
    @Nullable String hostName,
    int windowRoutes,
    double windowFailureRatio) {}
