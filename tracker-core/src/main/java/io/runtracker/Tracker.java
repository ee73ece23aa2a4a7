// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import io.runtracker.adapter.HttpReader;
import io.runtracker.adapter.OpenRequest;
import io.runtracker.internal.capture.Admission;
import io.runtracker.internal.capture.CapturedRequest;
import io.runtracker.internal.capture.NothingToRead;
import io.runtracker.internal.capture.PathPatterns;
import io.runtracker.internal.capture.RequestHeaderTags;
import io.runtracker.internal.config.Setting;
import io.runtracker.internal.config.Settings;
import io.runtracker.internal.config.SettingsReader;
import io.runtracker.internal.config.SinkProviders;
import io.runtracker.internal.config.Told;
import io.runtracker.internal.config.UnknownVariables;
import io.runtracker.internal.config.UserCallbacks;
import io.runtracker.internal.delivery.ServerWatch;
import io.runtracker.internal.log.FailPoint;
import io.runtracker.internal.pipeline.Pipeline;
import io.runtracker.internal.stage.QuietLogger;
import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.BatchSink;
import io.runtracker.sink.Sink;
import io.runtracker.sink.WindowSink;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Records the requests of a service as runs, off the request thread. One per service; safe for use
 * by any thread.
 *
 * <p>A tracker is built once, when mistakes in its settings are told by {@link
 * IllegalArgumentException}, and from then on never throws, never blocks a request thread and never
 * changes what the service answers. A tracker that is turned off has no threads and no connections.
 */
// Longer than others: its builder names each setting, which users read in one place.
public final class Tracker implements AutoCloseable {

  private static final QuietLogger log = QuietLogger.ofTracker();

  private final @Nullable Pipeline pipeline;
  private final String description;
  private final Admission admission;
  private final @Nullable RequestHeaderTags entryTags;
  private final Duration closeTimeout;
  private final @Nullable Thread shutdownHook;

  private Tracker(
      Settings settings, Admission admission, @Nullable Pipeline pipeline, String description) {
    this.pipeline = pipeline;
    this.description = description;
    this.admission = admission;
    this.entryTags = RequestHeaderTags.of(settings, new RateLimitedLog());
    this.closeTimeout = settings.closeTimeout;
    this.shutdownHook =
        pipeline != null && settings.shutdownHook
            ? new Thread(() -> pipeline.close(closeTimeout), "runtracker-shutdown")
            : null;
  }

  private void addShutdownHook() {
    if (shutdownHook != null) {
      boolean isAdded = false;
      try {
        Runtime.getRuntime().addShutdownHook(shutdownHook);
        isAdded = true;
      } finally {
        if (!isAdded) { // it is too late: the JVM is shutting down
          close(Duration.ZERO);
        }
      }
    }
  }

  /** Starts a tracker with what the environment says; every setting can be given here instead. */
  public static Builder builder() {
    return new Builder();
  }

  /** Whether requests are tracked at all. */
  public boolean isEnabled() {
    return pipeline != null;
  }

  /**
   * Opens a request, for adapters. Never throws.
   *
   * @param method the HTTP method as sent
   * @param target where the request goes; its path is held against the skip list
   * @return null when this request is not tracked: tracking is off, its path is skipped, a filter
   *     leaves it out, or the tracker is closed
   */
  public @Nullable OpenRequest open(String method, RequestTarget target) {
    return open(method, target, target.path());
  }

  /**
   * Opens a request of an application that does not live at the server's root, for adapters.
   *
   * @param pathInApplication the path below the context path: what is held against the skip list
   */
  public @Nullable OpenRequest open(String method, RequestTarget target, String pathInApplication) {
    return open(method, target, pathInApplication, NothingToRead.INSTANCE, NothingToRead.INSTANCE);
  }

  /**
   * Opens a request whose headers and client can be read, for adapters.
   *
   * @param pathInApplication the path below the context path: what is held against the skip list
   * @param request the framework's request, which is read now if at all, and not kept
   */
  public <Q> @Nullable OpenRequest open(
      String method,
      RequestTarget target,
      String pathInApplication,
      HttpReader<Q, ?> reader,
      Q request) {
    if (pipeline == null || pipeline.capture().openRequests().isClosed()) {
      return null;
    }
    try {
      if (!admission.admits(method, pathInApplication, reader, request)) {
        return null;
      }
      CapturedRequest opened = new CapturedRequest(pipeline.capture(), method, target);
      if (entryTags != null) {
        entryTags.read(opened, reader, request);
      }
      return pipeline.capture().openRequests().add(opened) ? opened : null;
    } catch (Throwable fault) {
      pipeline.capture().fault(fault);
      return null;
    }
  }

  /**
   * Counts a request that an adapter could not even open, as {@link DropReason#CAPTURE_FAULT}.
   * Never throws.
   */
  public void captureFailed(Throwable fault) {
    if (pipeline != null) {
      pipeline.capture().fault(fault);
    }
  }

  /**
   * Waits until every request that was accepted before this call is delivered or lost.
   *
   * @param timeout the longest to wait
   * @return the ledger then; look at it before saying that all is well
   */
  public Ledger flush(Duration timeout) {
    return pipeline == null ? EMPTY.ledger() : pipeline.flush(timeout);
  }

  /** As {@link #close(Duration)}, with the setting {@code closeTimeout}. */
  @Override
  public void close() {
    close(closeTimeout);
  }

  /**
   * Stops taking requests, ends those that are open as {@link RunStatus#KILLED}, and ends every
   * thread. Without a spool it delivers what was accepted before that; with one it ends as soon as
   * all is safe there, and the next tracker delivers it. One deadline holds for all of it; what is
   * neither delivered nor safe by then is counted as {@link DropReason#SHUTDOWN}. An interrupt does
   * not shorten it, and is there again afterwards. A call after the first waits for the first to
   * end, whatever its own timeout, and returns the same ledger.
   *
   * @return the ledger at the end; look at it before saying that all is well
   */
  public Ledger close(Duration timeout) {
    if (pipeline == null) {
      return EMPTY.ledger();
    }
    Ledger ledger = pipeline.close(timeout);
    removeShutdownHook();
    return ledger;
  }

  /** What the tracker is doing. Cheap enough to ask every second; not for the request thread. */
  public TrackerStats stats() {
    return pipeline == null ? EMPTY : pipeline.stats();
  }

  private void removeShutdownHook() {
    if (shutdownHook == null) {
      return;
    }
    try {
      Runtime.getRuntime().removeShutdownHook(shutdownHook);
    } catch (IllegalStateException alreadyShuttingDown) {
      log.debug("Closed by the shutdown itself", alreadyShuttingDown);
    }
  }

  private static final TrackerStats EMPTY =
      new TrackerStats(
          new Ledger(0, 0, 0, 0, 0, Map.of()),
          0,
          0,
          0,
          0,
          0,
          0,
          Duration.ZERO,
          0,
          0,
          false,
          false,
          0,
          List.of(),
          null);

  /** Where it writes what, for logs; it holds no secrets. */
  @Override
  public String toString() {
    return "Tracker[" + description + "]";
  }

  /**
   * Settings of a {@link Tracker}. Each may also be given by the environment, as {@code
   * RUNTRACKER_} and its name in capitals ({@code batchSize}: {@code RUNTRACKER_BATCH_SIZE}); what
   * is set here wins. Not safe for use by several threads.
   */
  public static final class Builder {
    private final Told told = new Told();
    private Map<String, String> environment = System.getenv();
    private @Nullable Sink sink;
    private final List<RequestFilter> filters = new ArrayList<>();
    private final List<RequestCustomizer> customizers = new ArrayList<>();
    private @Nullable RunNaming naming;
    private Consumer<FailPoint> failPoints = FailPoint.NOBODY;

    private Builder() {}

    private <T> Builder tell(Setting<T> setting, T value) {
      told.tell(setting, value);
      return this;
    }

    /** For tests: who is told of each point that the line behind the ring reaches. */
    Builder failPoints(Consumer<FailPoint> listener) {
      this.failPoints = listener;
      return this;
    }

    /**
     * What to read in place of the process's environment, for this tracker and its default sink.
     */
    public Builder environment(Map<String, String> variables) {
      this.environment = Map.copyOf(variables);
      return this;
    }

    /**
     * Where requests go. By default the sink on the class path, as the environment configures it;
     * where there are several, {@code RUNTRACKER_SINK} names one. The tracker closes it. Not used
     * when tracking is off.
     */
    public Builder sink(Sink sink) {
      this.sink = sink;
      return this;
    }

    /** Whether to track at all. Default: true, unless {@code MLFLOW_ENABLE} is false. */
    public Builder enabled(boolean enabled) {
      return tell(Settings.ENABLED, enabled);
    }

    /**
     * Paths that are not tracked, in place of {@code /health}, {@code /docs} and {@code
     * /openapi.json}. {@code *} stands for anything within a segment, {@code **} for anything.
     */
    public Builder skip(String... patterns) {
      return tell(Settings.SKIP, Arrays.asList(patterns));
    }

    /**
     * Names of parameters whose values are secrets, in place of the usual ones. A name counts
     * wherever it is a part of another, and however that is spelt: {@code token} covers {@code
     * accessToken}, {@code X-Access-Token} and {@code user[access_token]}. It counts in the query,
     * in the path behind a semicolon, and within values that are a URL or JSON. User info is
     * removed in any case.
     */
    public Builder redact(String... parameters) {
      return tell(Settings.REDACT, Arrays.asList(parameters));
    }

    /** Slots of the ring buffer, a power of two. Default: 8192. */
    public Builder ringSize(int slots) {
      return tell(Settings.RING_SIZE, slots);
    }

    /**
     * What the requests in the ring buffer may hold of what their handlers logged, in bytes; a
     * character counts as one. Requests below 1 KiB are bounded by {@link #ringSize} alone. One
     * that does not fit is dropped or waits, as {@link #whenFull} says. Default: 16 MiB, or a
     * sixteenth of the heap where that is less.
     */
    public Builder ringBytes(long bytes) {
      return tell(Settings.RING_BYTES, bytes);
    }

    /**
     * What one request may hold of what its handler logs, in bytes, from its first tag or text on;
     * a character counts as one, and each entry takes 128 more. What is overwritten makes room.
     * What does not fit is cut, or left out, and the run has the tag {@code runtracker.incomplete}.
     * From 1 KiB to 4 MiB. Default: 1 MiB.
     */
    public Builder requestBytes(int bytes) {
      return tell(Settings.REQUEST_BYTES, (long) bytes);
    }

    /** What a request thread does when the ring is full. Default: {@link WhenFull#DROP}. */
    public Builder whenFull(WhenFull policy) {
      return tell(Settings.WHEN_FULL, policy);
    }

    /** Events at which a group is handed on. Default: 512. */
    public Builder batchSize(int events) {
      return tell(Settings.BATCH_SIZE, events);
    }

    /** Bytes of encoded requests at which a group is appended. Default: 1 MiB. */
    public Builder batchBytes(long bytes) {
      return tell(Settings.BATCH_BYTES, bytes);
    }

    /** Age at which a group is handed on. Default: 15 ms before a spool, else 50 ms. */
    public Builder batchAge(Duration age) {
      return tell(Settings.BATCH_AGE, age);
    }

    /**
     * A directory in which requests are safe until they are delivered: what was answered more than
     * 20 ms and the time of one write ago survives the end of this process, however it ends.
     * Created when it is not there; used by one process at a time. In the environment: {@code
     * RUNTRACKER_SPOOL_DIR}. Default: none.
     */
    public Builder spool(Path directory) {
      return tell(Settings.SPOOL, directory);
    }

    /**
     * Whether several processes are given the same spool directory: each then takes a sub-directory
     * {@code instance-N} of its own, the first that no running process uses, and delivers what
     * processes that are gone have left in theirs. Default: false.
     */
    public Builder spoolShared(boolean shared) {
      return tell(Settings.SPOOL_SHARED, shared);
    }

    /**
     * The most bytes of the spool on disk; if it is full, new requests are dropped. Default: 1 GiB.
     */
    public Builder spoolQuota(long bytes) {
      return tell(Settings.SPOOL_QUOTA, bytes);
    }

    /** What the spool survives. Default: the end of the process, but not of the machine. */
    public Builder durability(Durability durability) {
      return tell(Settings.DURABILITY, durability);
    }

    /**
     * The most events that wait in memory for delivery. Default: 100,000, or four times {@link
     * #windowRows} where that is more.
     */
    public Builder queueSize(int events) {
      return tell(Settings.QUEUE_SIZE, events);
    }

    /**
     * The most bytes of encoded requests that wait in memory for delivery. Default: 48 MiB, or
     * 2,000 for each of {@link #windowRows} where that is more, and never more than a quarter of
     * the heap.
     */
    public Builder queueBytes(long bytes) {
      return tell(Settings.QUEUE_BYTES, bytes);
    }

    /**
     * The most runs that are written at the same time. Default: 12. MLflow takes no more runs from
     * more, and with 15 log-batch calls at once in one of its workers it may stand still for 30 s.
     */
    public Builder inFlight(int runs) {
      return tell(Settings.IN_FLIGHT, runs);
    }

    /**
     * How requests are written to the sink. Default: {@link TrackAs#AUTO}, or {@link TrackAs#RUN}
     * where the sink is no {@link WindowSink}. A {@link BatchSink} takes requests as they are.
     */
    public Builder trackAs(TrackAs kind) {
      return tell(Settings.TRACK_AS, kind);
    }

    /** Age at which a window closes. Default: 10 s. */
    public Builder windowAge(Duration age) {
      return tell(Settings.WINDOW_AGE, age);
    }

    /**
     * Requests at which a window closes; never more than half of {@link #queueSize}. Default:
     * 10,000. A window of 50,000 costs MLflow less than twice what one of 10,000 does, so a service
     * that fills several a second does well with more; 50,000 make a file of 11 MB and more.
     */
    public Builder windowRows(int requests) {
      return tell(Settings.WINDOW_ROWS, requests);
    }

    /**
     * Bytes of encoded requests at which a window closes; never more than half of {@link
     * #queueBytes}, and less after something refused a window as too large. Default: 1.6 MB, so
     * that MLflow's page opens its file at once; or 800 for each of {@link #windowRows} where those
     * are more than 10,000.
     */
    public Builder windowBytes(long bytes) {
      return tell(Settings.WINDOW_BYTES, bytes);
    }

    /**
     * The age of the backlog at which {@link TrackAs#AUTO} turns to windows, unless so little waits
     * that runs catch up by themselves. It turns too when the queue is a quarter full. Default: 1
     * minute.
     */
    public Builder autoThreshold(Duration age) {
      return tell(Settings.AUTO_THRESHOLD, age);
    }

    /**
     * The first pause after a failure of the sink; doubles with each further one. Default: 500 ms.
     */
    public Builder retryDelay(Duration first) {
      return tell(Settings.RETRY_DELAY, first);
    }

    /** The longest pause after failures of the sink. Default: 1 minute. */
    public Builder maxRetryDelay(Duration longest) {
      return tell(Settings.MAX_RETRY_DELAY, longest);
    }

    /**
     * How often a request may fail while others pass, before it is set aside as {@link
     * DropReason#REFUSED}. While all fail alike it is the sink's fault, and nothing is counted. At
     * least 2. Default: 10.
     */
    public Builder maxTries(int tries) {
      return tell(Settings.MAX_TRIES, tries);
    }

    /**
     * How long to wait before looking for a run whose create was not answered. Default: 25 s,
     * because a server on SQLite may commit 20 s after the client gave up. Shorter risks a second
     * run.
     */
    public Builder lookupDelay(Duration delay) {
      return tell(Settings.LOOKUP_DELAY, delay);
    }

    /** The deadline of {@link Tracker#close()}. Default: 10 s. */
    public Builder closeTimeout(Duration timeout) {
      return tell(Settings.CLOSE_TIMEOUT, timeout);
    }

    /** Whether the JVM's shutdown closes the tracker. Default: true. */
    public Builder shutdownHook(boolean register) {
      return tell(Settings.SHUTDOWN_HOOK, register);
    }

    /**
     * Adds a filter beside the skip list: a request is tracked when its path is not skipped and
     * every filter says so.
     */
    public Builder filter(RequestFilter filter) {
      filters.add(Objects.requireNonNull(filter));
      return this;
    }

    /**
     * The share of requests that are recorded, from 0 to 1, decided when each has ended. What
     * failed or took longer than {@link #slowThreshold} is always recorded; what its handler logged
     * makes no difference. Those left out are counted as {@link DropReason#SAMPLED}. Default: 1.
     */
    public Builder sampleRatio(double ratio) {
      return tell(Settings.SAMPLE_RATIO, ratio);
    }

    /** A request that takes longer is slow. Default: 1 s. */
    public Builder slowThreshold(Duration threshold) {
      return tell(Settings.SLOW_THRESHOLD, threshold);
    }

    /** Adds what may add tags and params to each run; they are called in the order added. */
    public Builder customizer(RequestCustomizer customizer) {
      customizers.add(Objects.requireNonNull(customizer));
      return this;
    }

    /**
     * Headers of the request to be recorded, each as the tag {@code http.request.header.} and its
     * name in lower case. The values of those that carry secrets, such as {@code Authorization} and
     * {@code Cookie}, are recorded as {@code [redacted]}. Default: none.
     */
    public Builder recordHeaders(String... names) {
      return tell(Settings.RECORD_HEADERS, Arrays.asList(names));
    }

    /**
     * Whether to record where requests came from, as the tag {@code client.address}. Default:
     * false.
     */
    public Builder recordClientAddress(boolean record) {
      return tell(Settings.RECORD_CLIENT_ADDRESS, record);
    }

    /**
     * Whether the text {@code error_details.txt} of a failed request has the exception's stack
     * trace below its message, with its causes: 100 lines at most. It is made on the request
     * thread, and takes some 20 µs there. Default: false.
     */
    public Builder recordStackTrace(boolean record) {
      return tell(Settings.RECORD_STACK_TRACE, record);
    }

    /**
     * What to record of a URL's query. {@link RecordQuery#NAMES} suits services that get prompts,
     * searches or personal data there. Default: {@link RecordQuery#VALUES}, secrets redacted.
     */
    public Builder recordQuery(RecordQuery what) {
      return tell(Settings.RECORD_QUERY, what);
    }

    /**
     * Names the runs that no handler named, in place of {@code {METHOD}_{path}_{epoch seconds}}.
     */
    public Builder naming(RunNaming naming) {
      this.naming = naming;
      return this;
    }

    /**
     * Builds and starts the tracker.
     *
     * @throws IllegalArgumentException when a setting cannot be used, or there is no sink; the
     *     message names it. Nothing is left open then: no thread, no spool, and not the sink
     * @throws IllegalStateException when the JVM is shutting down, and {@link #shutdownHook} is on
     */
    public Tracker build() {
      Sink target = sink;
      boolean isMade = false;
      try {
        Settings settings = settings();
        Admission admission =
            new Admission(new PathPatterns(settings.skip), filters, new RateLimitedLog());
        if (!settings.enabled) {
          isMade = true;
          log.info("Tracking is off");
          return new Tracker(settings, admission, null, "off");
        }
        SinkProviders providers = SinkProviders.of(Tracker.class.getClassLoader());
        warnOfUnknownVariables(providers);
        if (target == null) {
          target = providers.create(environment);
        }
        UserCallbacks hooks = new UserCallbacks(customizers, naming);
        Pipeline pipeline = new Pipeline(settings, hooks, target, failPoints);
        isMade = true;
        String description = describe(settings, target);
        Tracker tracker = new Tracker(settings, admission, pipeline, description);
        tracker.addShutdownHook();
        String version = version();
        log.info(
            "Runtracker{} writes requests to {}",
            version == null ? "" : " " + version,
            description);
        return tracker;
      } finally {
        if (!isMade && target != null) {
          target.close();
        }
      }
    }

    /**
     * MLflow's own word is heard too, because a user who turns tracking off for Python means all of
     * it.
     */
    Settings settings() {
      String byMlflow = environment.getOrDefault("MLFLOW_ENABLE", "true").strip();
      return new Settings(
          new SettingsReader(told, environment), !byMlflow.equalsIgnoreCase("false"));
    }

    private static String describe(Settings settings, Sink sink) {
      return ServerWatch.nameOf(sink)
          + (sink instanceof BatchSink ? ", in batches" : ", as " + settings.trackAs)
          + (settings.spool == null ? ", without a spool" : ", with a spool in " + settings.spool);
    }

    /** Of the jar's manifest, which is not read of modules; those have a version of their own. */
    private static @Nullable String version() {
      ModuleDescriptor module = Tracker.class.getModule().getDescriptor();
      return module == null
          ? Tracker.class.getPackage().getImplementationVersion()
          : module.rawVersion().orElse(null);
    }

    private void warnOfUnknownVariables(SinkProviders providers) {
      Set<String> known = providers.variables();
      known.add(SinkProviders.VARIABLE);
      known.add("RUNTRACKER_SERVICE_NAME"); // told by an adapter, whatever the sink
      UnknownVariables.in(environment, known).forEach(line -> log.warn(line, null));
    }
  }
}
