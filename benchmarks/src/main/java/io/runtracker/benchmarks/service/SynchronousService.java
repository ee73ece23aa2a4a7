// SPDX-License-Identifier: Apache-2.0
package io.runtracker.benchmarks.service;

import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import org.mlflow.api.proto.Service.CreateRun;
import org.mlflow.api.proto.Service.RunStatus;
import org.mlflow.api.proto.Service.RunTag;
import org.mlflow.tracking.MlflowClient;

/**
 * A service that writes its runs as one would without Runtracker: on the request's own thread, by
 * MLflow's Java client. {@code TRACKING} (true or false), {@code PORT} and {@code
 * MLFLOW_TRACKING_URI} are its variables.
 */
final class SynchronousService {

  private static final String RUN = "run";

  private SynchronousService() {}

  public static void main(String[] args) {
    boolean tracking = Boolean.parseBoolean(System.getenv("TRACKING"));
    Javalin.create(config -> configure(config, tracking))
        .start(Integer.parseInt(System.getenv("PORT")));
  }

  private static void configure(JavalinConfig config, boolean tracking) {
    config.startup.showJavalinBanner = false;
    if (tracking) {
      MlflowClient client = new MlflowClient(System.getenv("MLFLOW_TRACKING_URI"));
      config.routes.before(ctx -> begin(client, ctx));
      config.routes.after(ctx -> end(client, ctx));
    }
    config.routes.get("/hello", ctx -> ctx.result("hello\n"));
    config.routes.get("/health", ctx -> ctx.result("ok\n"));
  }

  private static void begin(MlflowClient client, Context ctx) {
    if (ctx.path().equals("/health")) {
      return;
    }
    long now = System.currentTimeMillis();
    CreateRun.Builder run =
        CreateRun.newBuilder()
            .setExperimentId("0")
            .setRunName(ctx.method() + "_" + ctx.path() + "_" + now / 1000)
            .setStartTime(now)
            .addTags(tag("http.method", ctx.method().name()))
            .addTags(tag("http.url", ctx.url()));
    ctx.attribute(RUN, client.createRun(run.build()).getRunId());
  }

  private static RunTag tag(String key, String value) {
    return RunTag.newBuilder().setKey(key).setValue(value).build();
  }

  private static void end(MlflowClient client, Context ctx) {
    String run = ctx.attribute(RUN);
    if (run != null) {
      boolean failed = ctx.statusCode() >= 500;
      client.setTerminated(run, failed ? RunStatus.FAILED : RunStatus.FINISHED);
    }
  }
}
