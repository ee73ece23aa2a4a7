// SPDX-License-Identifier: Apache-2.0
package io.runtracker.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.testkit.MlflowStub;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.Wire;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleState;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several applications in one Tomcat, which has one environment for all of them. */
class SeveralContextsTest {

  @TempDir Path directory;

  private final Tomcat tomcat = new Tomcat();
  private MlflowStub mlflow;

  @BeforeEach
  void open() throws IOException {
    mlflow = new MlflowStub();
    tomcat.setBaseDir(Files.createDirectory(directory.resolve("tomcat")).toString());
    tomcat.setPort(0);
    tomcat.setSilent(true);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
  }

  @AfterEach
  void stop() throws Exception {
    tomcat.stop();
    tomcat.destroy();
    mlflow.close();
  }

  /** As a WAR's web.xml has it. */
  private Context deploy(String path, Map<String, String> variables) {
    return deploy(path, path, variables);
  }

  private Context deploy(String path, String name, Map<String, String> variables) {
    Context context = tomcat.addContext(tomcat.getHost(), path, name, directory.toString());
    Map<String, String> all = new HashMap<>(variables);
    all.put("MLFLOW_TRACKING_URI", mlflow.address());
    all.put("RUNTRACKER_TRACK_AS", "RUN");
    FilterDef filter = new FilterDef();
    filter.setFilterName("runtracker");
    filter.setFilter(new TrackingFilter(all));
    filter.setFilterClass(TrackingFilter.class.getName());
    context.addFilterDef(filter);
    FilterMap mapping = new FilterMap();
    mapping.setFilterName("runtracker");
    mapping.addURLPattern("/*");
    context.addFilterMap(mapping);
    Tomcat.addServlet(context, "hello", new Hello());
    context.addServletMappingDecoded("/hello", "hello");
    return context;
  }

  private void ask(String... targets) throws Exception {
    for (String target : targets) {
      int port = tomcat.getConnector().getLocalPort();
      assertThat(Wire.send(port, "GET", target).status()).isEqualTo(200);
    }
  }

  private void awaitSources(String... expected) {
    await()
        .atMost(RecordingSink.PATIENCE)
        .untilAsserted(() -> assertThat(mlflow.sources()).containsExactly(expected));
  }

  @Test
  void each_has_its_name_and_a_spool_of_its_own() throws Exception {
    Path spool = directory.resolve("spool");
    Map<String, String> variables = Map.of("RUNTRACKER_SPOOL_DIR", spool.toString());
    List<Context> contexts =
        List.of(deploy("/shop", variables), deploy("/a/b", variables), deploy("", variables));
    contexts.get(2).setDisplayName("front page");
    tomcat.start();
    assertThat(contexts).extracting(Context::getState).containsOnly(LifecycleState.STARTED);
    ask("/shop/hello", "/a/b/hello", "/hello");
    awaitSources("a/b", "front page", "shop");
    assertThat(spool.toFile().list()).containsExactlyInAnyOrder("shop", "a#b", "ROOT");
    assertThat(spool.resolve("shop").resolve("spool.lock")).exists();
  }

  @Test
  void a_name_that_was_set_is_the_name_of_all() throws Exception {
    Map<String, String> variables = Map.of("RUNTRACKER_SERVICE_NAME", "given");
    deploy("/shop", variables);
    deploy("/bank", variables);
    tomcat.start();
    ask("/shop/hello", "/bank/hello");
    await()
        .atMost(RecordingSink.PATIENCE)
        .until(() -> mlflow.calls().toString().contains("/bank/hello"));
    awaitSources("given");
  }

  @Test
  void an_embedded_server_with_one_application_is_named_after_its_program() throws Exception {
    Context root = deploy("", Map.of());
    assertThat(TrackingFilter.environment(root.getServletContext(), Map.of("A", "b")))
        .containsExactly(Map.entry("A", "b"));
  }

  @Test
  void a_container_with_class_loaders_of_its_own_has_its_word_for_the_one_without_a_path()
      throws Exception {
    try (URLClassLoader ofContainer = new URLClassLoader(new URL[0], getClass().getClassLoader())) {
      ServletContext root =
          (ServletContext)
              Proxy.newProxyInstance(
                  ofContainer,
                  new Class<?>[] {ServletContext.class},
                  (proxy, method, arguments) ->
                      method.getName().equals("getContextPath") ? "" : null);
      assertThat(TrackingFilter.environment(root, Map.of()))
          .containsExactly(Map.entry("RUNTRACKER_SERVICE_NAME", "ROOT"));
    }
  }

  @Test
  void two_of_one_path_share_its_spool_if_they_are_told_to() throws Exception {
    Path spool = directory.resolve("spool");
    Map<String, String> variables =
        Map.of("RUNTRACKER_SPOOL_DIR", spool.toString(), "RUNTRACKER_SPOOL_SHARED", "true");
    Context first = deploy("/shop", variables);
    // As Tomcat names a second version that is deployed beside the first.
    Context second = deploy("/shop", "/shop##2", variables);
    second.setWebappVersion("2");
    tomcat.start();
    assertThat(List.of(first, second))
        .extracting(Context::getState)
        .containsOnly(LifecycleState.STARTED);
    assertThat(spool.resolve("shop").toFile().list())
        .containsExactlyInAnyOrder("instance-0", "instance-1");
  }

  static final class Hello extends HttpServlet {
    private static final long serialVersionUID = 1;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      response.getWriter().print("hello");
    }
  }
}
