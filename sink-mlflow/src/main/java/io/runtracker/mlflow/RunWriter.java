// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.RequestEvent;
import io.runtracker.sink.SinkException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.mlflow.api.proto.Service;

/** Writes the runs of single requests in the fewest calls there are. */
final class RunWriter {

  private final MlflowSettings settings;
  private final RunStore store;
  private final Artifacts artifacts;
  private final ServerNames names;

  RunWriter(MlflowSettings settings, RunStore store, Artifacts artifacts, ServerNames names) {
    this.settings = settings;
    this.store = store;
    this.artifacts = artifacts;
    this.names = names;
  }

  String create(RequestEvent event) throws SinkException, InterruptedException {
    return names.write(naming -> create(event, naming));
  }

  private String create(RequestEvent event, Naming naming)
      throws SinkException, InterruptedException {
    RunContent content = new RunContent(event, settings, naming);
    Service.RunInfo run = store.create(content.name(), content.startMillis(), content.tags());
    if (content.hasTexts()) {
      artifacts.remember(run.getRunId(), run.getArtifactUri());
    }
    return run.getRunId();
  }

  void complete(String runId, RequestEvent event) throws SinkException, InterruptedException {
    RunContent content = names.write(naming -> log(runId, new RunContent(event, settings, naming)));
    if (content.hasTexts()) {
      store.log(runId, List.of(), List.of(), storeTexts(runId, content));
    }
    store.end(runId, content.status(), content.endMillis());
    artifacts.forget(runId);
  }

  private RunContent log(String runId, RunContent content)
      throws SinkException, InterruptedException {
    List<Service.RunTag> overflow = RunStore.beyondCreate(content.tags());
    store.log(runId, content.metrics(), content.params(), overflow);
    return content;
  }

  /** The tags that stand in for texts that the server does not take. */
  private List<Service.RunTag> storeTexts(String runId, RunContent content)
      throws SinkException, InterruptedException {
    List<Service.RunTag> instead = new ArrayList<>();
    String lastReason = null;
    for (Map.Entry<String, String> text : content.texts().entrySet()) {
      String reason = artifacts.storeText(runId, text.getKey(), text.getValue());
      if (reason != null) {
        lastReason = reason;
        instead.add(content.furtherTag(text.getKey(), text.getValue()));
      }
    }
    if (lastReason != null) {
      instead.add(content.furtherTag(RunContent.ARTIFACT_ERROR, lastReason));
    }
    return instead;
  }

  Optional<String> find(RequestEvent event) throws SinkException, InterruptedException {
    return store.find(filter(event));
  }

  private String filter(RequestEvent event) {
    String name = new RunContent(event, settings, Naming.WITH_COLONS).name();
    return RunStore.named(name)
        + RunStore.tagged(RunContent.EVENT_ID, RunStore.quotable(event.eventId()));
  }
}
