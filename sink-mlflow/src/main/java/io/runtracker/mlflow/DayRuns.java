// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.internal.stage.RateLimitedLog;
import io.runtracker.sink.RequestWindow;
import io.runtracker.sink.SinkException;
import io.runtracker.sink.SinkException.Kind;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.mlflow.api.proto.Service;

/**
 * One run per service, host and day in UTC, which holds the metrics of the day's windows as curves.
 * It is a view of what the windows' own runs hold, so its failures are logged and no window ever
 * fails for it. A point of a curve holds the windows of five seconds or more.
 */
final class DayRuns {

  private static final String DAY_ID = "runtracker.day_id";
  private static final int REMEMBERED = 8;

  private final MlflowSettings settings;
  private final RunStore store;
  private final ServerNames names;
  private final RateLimitedLog log = new RateLimitedLog(DayRuns.class);
  private final ReentrantLock looking = new ReentrantLock();

  /** Guarded by {@link #looking}, and so is what is in it. */
  private final Map<LocalDate, Day> days =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<LocalDate, Day> eldest) {
          return size() > REMEMBERED;
        }
      };

  private @Nullable String host;

  DayRuns(MlflowSettings settings, RunStore store, ServerNames names) {
    this.settings = settings;
    this.store = store;
    this.names = names;
    this.host = settings.hostName();
  }

  /** Where a window is on the axis of its day: milliseconds since midnight in UTC. */
  static long step(Instant windowEnd) {
    return Math.floorMod(windowEnd.toEpochMilli(), TimeUnit.DAYS.toMillis(1));
  }

  /** The run of this day, found or created; null when it cannot be had now. */
  @Nullable String runId(RequestWindow window) throws InterruptedException {
    try {
      return day(window).runId();
    } catch (SinkException e) {
      warn(e);
      return null;
    }
  }

  /** Adds a window's numbers; writes them, with those that wait, when there is a point to write. */
  void log(RequestWindow window, WindowStatistics statistics) throws InterruptedException {
    try {
      Day day = day(window);
      WindowStatistics point = locked(() -> day.add(statistics));
      if (point != null) {
        write(day, point, false);
      }
    } catch (SinkException e) {
      warn(e);
    }
  }

  /** Writes what waits. */
  void flush() throws SinkException, InterruptedException {
    for (Day day : locked(() -> List.copyOf(days.values()))) {
      WindowStatistics point = locked(day::takePoint);
      if (point != null) {
        write(day, point, true);
      }
    }
  }

  /** Adds a point, and now and then moves the run's end to it. */
  private void write(Day day, WindowStatistics point, boolean last)
      throws SinkException, InterruptedException {
    try {
      long step = step(point.end());
      names.write(
          naming -> {
            store.log(day.runId(), point.metrics(step, naming), List.of(), List.of());
            return naming;
          });
      Instant end = locked(() -> day.takeEnd(last));
      if (end != null) {
        store.end(day.runId(), Service.RunStatus.FINISHED, Math.max(0, end.toEpochMilli()));
      }
    } catch (SinkException e) {
      forgetIfGone(day, e);
      throw e;
    }
  }

  private void warn(SinkException e) {
    log.warn(
        "day", "the run of the day misses a window, whose own run has it all: " + e.getMessage());
  }

  /** Somebody may have deleted it; then it is had anew. */
  private void forgetIfGone(Day day, SinkException e) {
    if (e.kind() == Kind.REFUSED || e.kind() == Kind.GONE) {
      locked(() -> days.values().remove(day));
    }
  }

  private Day day(RequestWindow window) throws SinkException, InterruptedException {
    LocalDate date = LocalDate.ofInstant(window.endTime(), ZoneOffset.UTC);
    looking.lockInterruptibly();
    try {
      Day day = days.get(date);
      if (day == null) {
        day = new Day(findOrCreate(date, window.startTime()));
        days.put(date, day);
      }
      return day;
    } finally {
      looking.unlock();
    }
  }

  private String findOrCreate(LocalDate date, Instant start)
      throws SinkException, InterruptedException {
    String on = settings.serviceName() + " on " + host();
    // The date first: MLflow's list shows a dozen characters.
    String name = Text.fit(date + " " + on, Text.RUN_NAME);
    String id = RunStore.quotable(on + ' ' + date);
    Optional<String> found =
        store
            .search(
                RunStore.named(name) + RunStore.tagged(DAY_ID, id), Service.ViewType.ACTIVE_ONLY)
            .stream()
            .map(Service.Run::getInfo)
            // Two processes may have created one each; all must choose the same.
            .min(
                Comparator.comparingLong(Service.RunInfo::getStartTime)
                    .thenComparing(Service.RunInfo::getRunId))
            .map(Service.RunInfo::getRunId);
    return found.isPresent()
        ? found.get()
        : names.write(
            naming -> {
              List<Service.RunTag> tags = tags(id, date, naming);
              return store.create(name, Math.max(0, start.toEpochMilli()), tags).getRunId();
            });
  }

  private List<Service.RunTag> tags(String id, LocalDate date, Naming naming) {
    Tags tags = new Tags(naming);
    tags.put(DAY_ID, id);
    tags.put(WindowContent.KIND, "day");
    tags.put("runtracker.day", date.toString());
    if (settings.parentRun() != null) {
      tags.put(RunContent.PARENT_RUN, settings.parentRun());
    }
    settings.defaultTags().forEach(tags::putIfAbsent);
    return tags.list();
  }

  private <T extends @Nullable Object> T locked(Supplier<T> step) {
    looking.lock();
    try {
      return step.get();
    } finally {
      looking.unlock();
    }
  }

  /** Asked for late, because it may take a name server. */
  private String host() {
    String known = host;
    if (known == null) {
      try {
        known = InetAddress.getLocalHost().getHostName();
      } catch (UnknownHostException e) {
        known = "localhost";
      }
      host = known;
    }
    return known;
  }
}
