// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import static io.runtracker.internal.config.ValueType.BOOLEAN;
import static io.runtracker.internal.config.ValueType.DECIMAL;
import static io.runtracker.internal.config.ValueType.DURATION_OF_TIME;
import static io.runtracker.internal.config.ValueType.INTEGER;
import static io.runtracker.internal.config.ValueType.PATH;
import static io.runtracker.internal.config.ValueType.SIZE_IN_BYTES;
import static io.runtracker.internal.config.ValueType.TEXTS;
import static io.runtracker.internal.config.ValueType.oneOf;

import io.runtracker.Durability;
import io.runtracker.RecordQuery;
import io.runtracker.TrackAs;
import io.runtracker.WhenFull;
import io.runtracker.internal.event.EventCodec;
import io.runtracker.internal.event.UrlRedactor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Everything a tracker can be told: first what it may be told, then what it was told, checked. */
// Longer than others: each setting takes a paragraph, and they are read in one place.
public final class Settings {

  private static final Pattern HEADER_NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  /** Two segments of the spool. */
  private static final long LEAST_QUOTA = 8L << 20;

  private static final int MANY_ROWS = 10_000;

  public static final Setting<Boolean> ENABLED =
      Setting.open(
          "enabled", BOOLEAN, "true, unless `MLFLOW_ENABLE=false`", "whether to track at all");

  public static final Setting<List<String>> SKIP =
      Setting.of(
          "skip",
          TEXTS,
          List.of("/health", "/docs", "/openapi.json"),
          "`/health`, `/docs`, `/openapi.json`",
          "paths that are not tracked, below the context path; replaces the default");

  public static final Setting<List<String>> REDACT =
      Setting.of(
          "redact",
          TEXTS,
          UrlRedactor.DEFAULTS,
          "`token`, `password`, `api_key`, `otp` and 30 more",
          "names of parameters whose values are not recorded; replaces the default");

  public static final Setting<Integer> RING_SIZE =
      Setting.of("ringSize", INTEGER, 8192, "8192", "slots of the ring, a power of two")
          .must(Checks.powerOfTwo());

  public static final Setting<Long> RING_BYTES =
      Setting.<Long>open(
              "ringBytes",
              SIZE_IN_BYTES,
              "16 MiB, or a sixteenth of the heap where that is less",
              "the most logged data that requests in the ring hold; `ringSize` alone bounds requests"
                  + " below 1 KiB")
          .must(Checks.atLeast(1));

  public static final Setting<Long> REQUEST_BYTES =
      Setting.of(
              "requestBytes",
              SIZE_IN_BYTES,
              1L << 20,
              "1 MiB",
              "the most data that a handler logs into one request: each entry's characters and 128"
                  + " more")
          .must(Checks.between(1 << 10, EventCodec.MOST_BYTES));

  public static final Setting<WhenFull> WHEN_FULL =
      Setting.of(
          "whenFull",
          oneOf(WhenFull.class),
          WhenFull.DROP,
          "`DROP`",
          "what a request thread does when the ring is full: `DROP` counts and goes on, `BLOCK`"
              + " waits");

  public static final Setting<Integer> BATCH_SIZE =
      Setting.of(
              "batchSize", INTEGER, 512, "512", "requests at which a group is appended to the log")
          .must(Checks.atLeast(1));

  public static final Setting<Long> BATCH_BYTES =
      Setting.of(
              "batchBytes",
              SIZE_IN_BYTES,
              1L << 20,
              "1 MiB",
              "bytes of encoded requests at which a group is appended")
          .must(Checks.atLeast(1));

  public static final Setting<Duration> BATCH_AGE =
      Setting.open(
              "batchAge",
              DURATION_OF_TIME,
              "15 ms before a spool, else 50 ms",
              "age at which a group is appended")
          .must(Checks.positive());

  public static final Setting<Integer> QUEUE_SIZE =
      Setting.<Integer>open(
              "queueSize",
              INTEGER,
              "100000, or 4 times `windowRows` if more",
              "the most requests that wait in memory")
          .must(Checks.atLeast(1));

  public static final Setting<Long> QUEUE_BYTES =
      Setting.<Long>open(
              "queueBytes",
              SIZE_IN_BYTES,
              "48 MiB, or 2000 times `windowRows` if more, but at most a quarter of the heap",
              "the most bytes of encoded requests that wait in memory")
          .must(Checks.atLeast(1));

  public static final Setting<Integer> IN_FLIGHT =
      Setting.of("inFlight", INTEGER, 12, "12", "the most runs that are written at the same time")
          .must(Checks.atLeast(1));

  public static final Setting<TrackAs> TRACK_AS =
      Setting.of(
          "trackAs",
          oneOf(TrackAs.class),
          TrackAs.AUTO,
          "`AUTO`",
          "how requests are written: `RUN`, `WINDOW` or `AUTO`");

  public static final Setting<Duration> WINDOW_AGE =
      Setting.of(
              "windowAge",
              DURATION_OF_TIME,
              Duration.ofSeconds(10),
              "10 s",
              "age at which a window closes")
          .must(Checks.positive());

  public static final Setting<Integer> WINDOW_ROWS =
      Setting.of(
              "windowRows",
              INTEGER,
              MANY_ROWS,
              "10000",
              "requests at which a window closes; never more than half of `queueSize`")
          .must(Checks.atLeast(1));

  public static final Setting<Long> WINDOW_BYTES =
      Setting.<Long>open(
              "windowBytes",
              SIZE_IN_BYTES,
              "1600000, or 800 times `windowRows` where that is more than 10000",
              "bytes of encoded requests at which a window closes; never more than half of"
                  + " `queueBytes`, and less after a server or a proxy refused a window as too"
                  + " large")
          .must(Checks.atLeast(1));

  public static final Setting<Duration> AUTO_THRESHOLD =
      Setting.of(
              "autoThreshold",
              DURATION_OF_TIME,
              Duration.ofMinutes(1),
              "1 min",
              "age of the backlog at which `AUTO` turns to windows")
          .must(Checks.positive());

  public static final Setting<Duration> RETRY_DELAY =
      Setting.of(
              "retryDelay",
              DURATION_OF_TIME,
              Duration.ofMillis(500),
              "500 ms",
              "the first pause after a failure; doubles with each further one")
          .must(Checks.positive());

  public static final Setting<Duration> MAX_RETRY_DELAY =
      Setting.of(
              "maxRetryDelay",
              DURATION_OF_TIME,
              Duration.ofMinutes(1),
              "1 min",
              "the longest pause after a failure; not shorter than `retryDelay`")
          .must(Checks.positive());

  public static final Setting<Integer> MAX_TRIES =
      Setting.of(
              "maxTries",
              INTEGER,
              10,
              "10",
              "how often a request may fail while others pass, before it is set aside; at least 2")
          .must(Checks.atLeast(2));

  public static final Setting<Duration> LOOKUP_DELAY =
      Setting.of(
              "lookupDelay",
              DURATION_OF_TIME,
              Duration.ofSeconds(25),
              "25 s",
              "the wait before looking for a run whose create was not answered; shorter risks a"
                  + " second run")
          .must(Checks.notNegative());

  public static final Setting<Duration> CLOSE_TIMEOUT =
      Setting.of(
              "closeTimeout",
              DURATION_OF_TIME,
              Duration.ofSeconds(10),
              "10 s",
              "the deadline of `close()` and of the shutdown hook")
          .must(Checks.notNegative());

  public static final Setting<Boolean> SHUTDOWN_HOOK =
      Setting.of(
          "shutdownHook", BOOLEAN, true, "true", "whether the JVM's shutdown closes the tracker");

  public static final Setting<Double> SAMPLE_RATIO =
      Setting.of(
              "sampleRatio",
              DECIMAL,
              1.0,
              "1",
              "the share of requests that are recorded, from 0 to 1; failures and slow ones always"
                  + " are")
          .must(Checks.between(0, 1));

  public static final Setting<Duration> SLOW_THRESHOLD =
      Setting.of(
              "slowThreshold",
              DURATION_OF_TIME,
              Duration.ofSeconds(1),
              "1 s",
              "a request that takes longer is slow: sampling keeps it, and `AUTO` gives it a run of"
                  + " its own")
          .must(Checks.notNegative());

  public static final Setting<List<String>> RECORD_HEADERS =
      Setting.of(
              "recordHeaders", TEXTS, List.<String>of(), "none", "headers of the request to record")
          .must(Settings::faultOfHeaders);

  public static final Setting<Boolean> RECORD_CLIENT_ADDRESS =
      Setting.of(
          "recordClientAddress",
          BOOLEAN,
          false,
          "false",
          "whether to record where requests came from");

  public static final Setting<Boolean> RECORD_STACK_TRACE =
      Setting.of(
          "recordStackTrace",
          BOOLEAN,
          false,
          "false",
          "whether `error_details.txt` has the stack trace below the message, 100 lines at most");

  public static final Setting<RecordQuery> RECORD_QUERY =
      Setting.of(
          "recordQuery",
          oneOf(RecordQuery.class),
          RecordQuery.VALUES,
          "`VALUES`",
          "what to record of a URL's query: `VALUES` (those of secrets redacted), `NAMES` alone, or"
              + " `NONE`");

  public static final Setting<Path> SPOOL =
      Setting.open(
              "spool",
              PATH,
              "none",
              "the directory in which requests are safe until they are delivered")
          .in("RUNTRACKER_SPOOL_DIR");

  public static final Setting<Boolean> SPOOL_SHARED =
      Setting.of(
          "spoolShared",
          BOOLEAN,
          false,
          "false",
          "whether several processes are given the same directory");

  public static final Setting<Long> SPOOL_QUOTA =
      Setting.of(
              "spoolQuota",
              SIZE_IN_BYTES,
              1L << 30,
              "1 GiB",
              "the most bytes of the spool on disk, 8 MiB at least; if it is full, new requests are"
                  + " dropped")
          .must(Checks.atLeast(LEAST_QUOTA));

  public static final Setting<Durability> DURABILITY =
      Setting.of(
          "durability",
          oneOf(Durability.class),
          Durability.PROCESS,
          "`PROCESS`",
          "`PROCESS` survives the end of the process, however it ends; `POWER` the machine's too");

  /** In the order of the documents. */
  public static final List<Setting<?>> ALL =
      List.of(
          ENABLED,
          SKIP,
          REDACT,
          RING_SIZE,
          RING_BYTES,
          REQUEST_BYTES,
          WHEN_FULL,
          BATCH_SIZE,
          BATCH_BYTES,
          BATCH_AGE,
          QUEUE_SIZE,
          QUEUE_BYTES,
          IN_FLIGHT,
          TRACK_AS,
          WINDOW_AGE,
          WINDOW_ROWS,
          WINDOW_BYTES,
          AUTO_THRESHOLD,
          RETRY_DELAY,
          MAX_RETRY_DELAY,
          MAX_TRIES,
          LOOKUP_DELAY,
          CLOSE_TIMEOUT,
          SHUTDOWN_HOOK,
          SAMPLE_RATIO,
          SLOW_THRESHOLD,
          RECORD_HEADERS,
          RECORD_CLIENT_ADDRESS,
          RECORD_STACK_TRACE,
          RECORD_QUERY,
          SPOOL,
          SPOOL_SHARED,
          SPOOL_QUOTA,
          DURABILITY);

  public final boolean enabled;
  public final List<String> skip;
  public final List<String> redact;
  public final int ringSize;
  public final long ringBytes;
  public final int requestBytes;
  public final WhenFull whenFull;
  public final int batchSize;
  public final long batchBytes;
  public final Duration batchAge;
  public final int queueSize;
  public final long queueBytes;
  public final int inFlight;
  public final TrackAs trackAs;
  public final Duration windowAge;
  public final int windowRows;
  public final long windowBytes;
  public final Duration autoThreshold;
  public final Duration retryDelay;
  public final Duration maxRetryDelay;
  public final int maxTries;
  public final Duration lookupDelay;
  public final Duration closeTimeout;
  public final boolean shutdownHook;
  public final double sampleRatio;
  public final Duration slowThreshold;
  public final List<String> recordHeaders;
  public final boolean recordClientAddress;
  public final boolean recordStackTrace;
  public final RecordQuery recordQuery;
  public final @Nullable Path spool;
  public final boolean spoolShared;
  public final long spoolQuota;
  public final Durability durability;

  /**
   * Reads them all.
   *
   * @param enabledByDefault whether MLflow's own switch is on
   */
  public Settings(SettingsReader from, boolean enabledByDefault) {
    long heap = Runtime.getRuntime().maxMemory();
    enabled = from.read(ENABLED, enabledByDefault);
    skip = List.copyOf(from.read(SKIP));
    redact = List.copyOf(from.read(REDACT));
    ringSize = from.read(RING_SIZE);
    ringBytes = from.read(RING_BYTES, ringBytes(heap));
    requestBytes = from.read(REQUEST_BYTES).intValue();
    whenFull = from.read(WHEN_FULL);
    batchSize = from.read(BATCH_SIZE);
    batchBytes = from.read(BATCH_BYTES);
    spool = from.readIfSet(SPOOL);
    batchAge = from.read(BATCH_AGE, batchAge(spool));
    windowRows = from.read(WINDOW_ROWS);
    windowBytes = from.read(WINDOW_BYTES, windowBytes(windowRows));
    windowAge = from.read(WINDOW_AGE);
    queueSize = from.read(QUEUE_SIZE, queueSize(windowRows));
    queueBytes = from.read(QUEUE_BYTES, queueBytes(windowRows, heap));
    inFlight = from.read(IN_FLIGHT);
    trackAs = from.read(TRACK_AS);
    autoThreshold = from.read(AUTO_THRESHOLD);
    maxRetryDelay = from.read(MAX_RETRY_DELAY);
    retryDelay = from.read(RETRY_DELAY.must(delay -> faultOfFirst(delay, maxRetryDelay)));
    maxTries = from.read(MAX_TRIES);
    lookupDelay = from.read(LOOKUP_DELAY);
    closeTimeout = from.read(CLOSE_TIMEOUT);
    shutdownHook = from.read(SHUTDOWN_HOOK);
    sampleRatio = from.read(SAMPLE_RATIO);
    slowThreshold = from.read(SLOW_THRESHOLD);
    recordHeaders = List.copyOf(from.read(RECORD_HEADERS));
    recordClientAddress = from.read(RECORD_CLIENT_ADDRESS);
    recordStackTrace = from.read(RECORD_STACK_TRACE);
    recordQuery = from.read(RECORD_QUERY);
    spoolShared = from.read(SPOOL_SHARED);
    spoolQuota = from.read(SPOOL_QUOTA);
    durability = from.read(DURABILITY);
  }

  private static @Nullable String faultOfFirst(Duration delay, Duration longest) {
    return delay.compareTo(longest) > 0
        ? "must not be longer than maxRetryDelay (" + longest + "), but is " + delay
        : null;
  }

  private static @Nullable String faultOfHeaders(List<String> headers) {
    return headers.stream()
        .filter(header -> !HEADER_NAME.matcher(header).matches())
        .findFirst()
        .map(header -> "must be names of headers, but one is '" + header + "'")
        .orElse(null);
  }

  /**
   * What is in no spool is as safe in the ring as behind it, and each group that is handed on wakes
   * a thread: two hundred a second were half of what the tracker's threads took at a thousand
   * requests a second.
   */
  static Duration batchAge(@Nullable Path spool) {
    return Duration.ofMillis(spool == null ? 50 : 15);
  }

  /** By default the ring may hold a sixteenth of the heap, and no more than is emptied at once. */
  static long ringBytes(long heapBytes) {
    return Math.min(16L << 20, heapBytes / 16);
  }

  /** By default there is room for the open window, for two on their way, and for one more. */
  static int queueSize(int windowRows) {
    return (int) Math.min(Integer.MAX_VALUE, Math.max(100_000L, 4L * windowRows));
  }

  /** By default there is room for four windows, in as far as a quarter of the heap has it. */
  public static long queueBytes(int windowRows, long heapBytes) {
    return Math.min(Math.max(48L << 20, 2_000L * windowRows), heapBytes / 4);
  }

  /**
   * MLflow's page lays a file of up to 5 MB out as a whole, and blocks for a second from some 3 MB
   * on. So by default a window makes a file of some 2 MB at most. Who asks for large windows gets
   * files of which the page shows a part.
   */
  static long windowBytes(int windowRows) {
    return windowRows <= MANY_ROWS ? 1_600_000 : 800L * windowRows;
  }
}
