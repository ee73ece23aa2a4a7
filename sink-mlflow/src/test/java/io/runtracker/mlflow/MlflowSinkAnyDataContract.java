// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static io.runtracker.mlflow.TestEvents.START;
import static io.runtracker.mlflow.TestEvents.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.runtracker.Metric;
import io.runtracker.RequestEvent;
import io.runtracker.testkit.MlflowRuns;
import io.runtracker.testkit.RecordedRun;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.Tuple;
import net.jqwik.api.Tuple.Tuple2;

/** Whatever a request holds, a real server takes its run and reports it as it was. */
abstract class MlflowSinkAnyDataContract {

  private static final Set<String> OWN =
      Set.of("http.method", "http.url", "http.status_code", "runtracker.event_id", "status");

  abstract MlflowSink sink();

  abstract MlflowRuns runs();

  @Property(tries = 40, shrinking = ShrinkingMode.OFF)
  void everyRunIsTakenAndNothingInItIsLost(
      @ForAll("texts") String name,
      @ForAll("pairs") List<Tuple2<String, String>> tags,
      @ForAll("pairs") List<Tuple2<String, String>> params,
      @ForAll("measurements") List<Tuple2<String, Double>> metrics,
      @ForAll("files") List<Tuple2<String, String>> files,
      @ForAll("texts") String error,
      @ForAll("texts") String path)
      throws Exception {
    RequestEvent.Builder builder =
        request("/" + path, error).name(name).statusCode(500).error(error, error);
    tags.forEach(tag -> builder.tag(tag.get1(), tag.get2()));
    params.forEach(param -> builder.param(param.get1(), param.get2()));
    for (int i = 0; i < metrics.size(); i++) {
      builder.metric(
          new Metric(metrics.get(i).get1(), metrics.get(i).get2(), START - i * START, i - 3L));
    }
    files.forEach(file -> builder.text(file.get1(), file.get2()));
    RequestEvent event = builder.build();

    String id = sink().create(event);
    sink().complete(id, event);
    sink().complete(id, event);

    RecordedRun run = runs().run(id);
    assertThat(sink().find(event)).contains(id);
    assertThat(run.status()).isEqualTo("FAILED");
    assertName(run.name(), name);
    assertHolds(run.tags().values(), without(OWN, event.tags()), 8_000);
    assertHolds(run.params().values(), without(Set.of("error_type"), event.params()), 6_000);
    assertThat(run.params()).hasSize(without(Set.of("error_type"), event.params()).size() + 1);
    assertMetrics(run, event);
    assertFiles(id, event);
  }

  private static void assertName(String actual, String name) {
    if (name.isBlank()) {
      assertThat(actual).startsWith("GET_/");
    } else {
      assertFits(actual, name, 250);
    }
  }

  private static List<String> without(Set<String> keys, Map<String, String> all) {
    Map<String, String> rest = new HashMap<>(all);
    rest.keySet().removeAll(keys);
    return List.copyOf(rest.values());
  }

  /** Each of the values is there, as often as it was given. */
  private static void assertHolds(Collection<String> actual, List<String> given, int limit) {
    List<String> left = new ArrayList<>(actual);
    for (String value : given) {
      String match =
          left.stream().filter(candidate -> fits(candidate, value, limit)).findFirst().orElse(null);
      assertThat(match).describedAs("something for %.300s", value).isNotNull();
      left.remove(match);
    }
  }

  private static void assertFits(String actual, String given, int limit) {
    assertThat(fits(actual, given, limit))
        .describedAs("<%.300s> for <%.300s>", actual, given)
        .isTrue();
  }

  private static boolean fits(String actual, String given, int limit) {
    String clean = clean(given);
    if (given.length() <= limit) {
      return actual.equals(clean);
    }
    int kept = limit - 60;
    return actual.length() <= limit
        && actual.endsWith("[cut from " + given.length() + " characters]")
        && actual.startsWith(clean.substring(0, kept));
  }

  /** Written another way than in the code under test. */
  private static String clean(String text) {
    return text.replaceAll("\0|[\\uD800-\\uDFFF]", "\uFFFD");
  }

  private void assertMetrics(RecordedRun run, RequestEvent event) {
    Set<List<Object>> expected = new HashSet<>();
    Set<String> keys = new HashSet<>();
    for (Metric metric : event.metrics()) {
      double stored = Math.max(-Double.MAX_VALUE, Math.min(Double.MAX_VALUE, metric.value()));
      expected.add(List.of(stored + 0.0, metric.step(), Math.max(0, metric.timestampMillis())));
      keys.add(metric.key());
    }
    assertThat(run.metrics()).hasSize(keys.size() + 1).containsEntry("duration_ms", 12.345678);
    Set<List<Object>> actual = new HashSet<>();
    for (String key : run.metrics().keySet()) {
      if (!key.equals("duration_ms")) {
        for (MlflowRuns.MetricPoint point : runs().metricHistory(run.runId(), key)) {
          actual.add(List.of(point.value() + 0.0, point.step(), point.timestamp().toEpochMilli()));
        }
      }
    }
    assertThat(actual).isEqualTo(expected);
  }

  private void assertFiles(String runId, RequestEvent event) {
    List<String> contents = new ArrayList<>();
    for (String file : runs().artifacts(runId)) {
      contents.add(runs().artifact(runId, file));
    }
    assertThat(contents).hasSize(event.texts().size() + 1);
    List<String> given = new ArrayList<>(event.texts().values());
    given.add(event.errorDetails());
    assertHolds(contents, given, 1 << 20);
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.frequencyOf(
        Tuple.of(6, Arbitraries.strings().all().ofMaxLength(40)),
        Tuple.of(
            3,
            Arbitraries.of(
                "",
                " ",
                "\0",
                "a\0b",
                "\uD83D",
                "\uDCA5\uD83D",
                "💥",
                "it's",
                "\"'`",
                "\\",
                "\\'",
                "%00%2e",
                "a\r\nb",
                "\u2028\uFFFE\uFFFF",
                "NaN",
                "null",
                "{}",
                "<b>&amp;",
                "日本語",
                "e\u0301",
                "\u202Eabc",
                "tab\there")),
        Tuple.of(1, Arbitraries.of(249, 250, 251, 6_001, 8_000, 8_001).map("x"::repeat)),
        Tuple.of(1, Arbitraries.of("a", "💥", "\0", "\uD83D").map(c -> c.repeat((1 << 20) + 1))));
  }

  @Provide
  Arbitrary<String> keys() {
    return Arbitraries.frequencyOf(
        Tuple.of(4, Arbitraries.strings().all().ofMaxLength(20)),
        Tuple.of(2, Arbitraries.strings().withChars("a./: _-\0\u00e9\\").ofMaxLength(6)),
        Tuple.of(
            4,
            Arbitraries.of(
                "",
                " ",
                ".",
                "..",
                "...",
                "../a",
                "a/..",
                "a/../b",
                "a//b",
                "//",
                "/a",
                "a/",
                "a",
                "A",
                "a ",
                " a",
                "a_2",
                "a/b",
                "a/b/c",
                "./a",
                "..a",
                "a..b",
                "a\nb",
                "a\n",
                "ключ",
                "日本",
                "💥",
                "\uD801\uDC00",
                "http.method",
                "status",
                "error_type",
                "a:b",
                "a=b",
                "a%2fb",
                "\u1C89",
                "\u0301",
                "²",
                "١")),
        Tuple.of(1, Arbitraries.of("k", "/", ".", "é", "💥", "a/").map(c -> c.repeat(300))));
  }

  @Provide
  Arbitrary<List<Tuple2<String, String>>> pairs() {
    return keys().flatMap(key -> texts().map(text -> Tuple.of(key, text))).list().ofMaxSize(12);
  }

  @Provide
  Arbitrary<List<Tuple2<String, Double>>> measurements() {
    Arbitrary<Double> values =
        Arbitraries.oneOf(
            Arbitraries.doubles(),
            Arbitraries.of(
                Double.NaN,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY,
                Double.MIN_VALUE,
                Double.MAX_VALUE,
                -0.0,
                1e-310));
    return keys().flatMap(key -> values.map(value -> Tuple.of(key, value))).list().ofMaxSize(12);
  }

  @Provide
  Arbitrary<List<Tuple2<String, String>>> files() {
    Arbitrary<String> names =
        Arbitraries.oneOf(
            keys(),
            Arbitraries.of(
                "a.txt",
                "A.TXT",
                "a.txt/b",
                "dir/a.txt",
                "dir",
                "../../etc/passwd",
                "/etc/passwd",
                "C:\\a.txt",
                "a%2e%2e/b",
                "%",
                "a?b#c;d",
                "error_details.txt",
                "e.txt/x",
                "con",
                "file://x",
                "a&b=c+d e",
                "x".repeat(300) + ".json",
                "d/".repeat(50) + "f.txt"));
    return names.flatMap(name -> texts().map(text -> Tuple.of(name, text))).list().ofMaxSize(4);
  }
}
