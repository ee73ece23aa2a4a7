// SPDX-License-Identifier: Apache-2.0
package io.runtracker.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.runtracker.testkit.MlflowStub;
import io.runtracker.testkit.RecordingSink;
import io.runtracker.testkit.Wire;
import jakarta.servlet.ServletContext;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleState;
import org.apache.catalina.startup.Tomcat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/** Several WARs of Spring Boot in one Tomcat. */
class SeveralWarsTest {

  private static final String SPOOL_DIR = "runtracker.spool-dir";

  @TempDir Path directory;

  @Test
  void each_is_named_after_its_path_and_has_a_spool_of_its_own() throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(Files.createDirectory(directory.resolve("tomcat")).toString());
    tomcat.setSilent(true);
    tomcat.setPort(0);
    tomcat.setAddDefaultWebXmlToWebapp(false); // it asks for JSP
    Path spool = directory.resolve("spool");
    System.setProperty(SPOOL_DIR, spool.toString());
    try (MlflowStub mlflow = new MlflowStub()) {
      Path war = WarTest.war(directory);
      List<Context> wars =
          List.of(WarTest.deploy(tomcat, "/shop", war), WarTest.deploy(tomcat, "/bank", war));
      for (Context context : wars) {
        context.addParameter("runtracker.tracking-uri", mlflow.address());
        context.addParameter("runtracker.track-as", "RUN");
      }
      tomcat.getConnector();
      tomcat.start();
      assertThat(wars).extracting(Context::getState).containsOnly(LifecycleState.STARTED);
      int port = tomcat.getConnector().getLocalPort();
      assertThat(Wire.send(port, "GET", "/shop/numbers/1").status()).isEqualTo(200);
      assertThat(Wire.send(port, "GET", "/bank/numbers/1").status()).isEqualTo(200);
      await()
          .atMost(RecordingSink.PATIENCE)
          .untilAsserted(() -> assertThat(mlflow.sources()).containsExactly("bank", "shop"));
      assertThat(spool.toFile().list()).containsExactlyInAnyOrder("bank", "shop");
    } finally {
      System.clearProperty(SPOOL_DIR);
      tomcat.stop();
      tomcat.destroy();
    }
  }

  private static Path spoolDir(StandardEnvironment environment, String set) {
    ServletContext context =
        (ServletContext)
            Proxy.newProxyInstance(
                SeveralWarsTest.class.getClassLoader(),
                new Class<?>[] {ServletContext.class},
                (proxy, method, arguments) ->
                    method.getName().equals("getContextPath") ? "/shop" : null);
    return new Deployment(context).spoolDir(Path.of(set), environment);
  }

  private static StandardEnvironment withVariable(String value) {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .replace(
            StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
            new SystemEnvironmentPropertySource(
                StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME,
                Map.of("RUNTRACKER_SPOOL_DIR", value)));
    return environment;
  }

  @Test
  void a_directory_that_a_variable_sets_for_all_has_one_below_it_for_each() {
    assertThat(spoolDir(withVariable("/spools"), "/spools")).isEqualTo(Path.of("/spools/shop"));
  }

  @Test
  void a_directory_that_the_application_sets_is_its_own_already() {
    StandardEnvironment environment = withVariable("/spools");
    environment
        .getPropertySources()
        .addFirst(new MapPropertySource("application", Map.of(SPOOL_DIR, "/of/shop")));
    assertThat(spoolDir(environment, "/of/shop")).isEqualTo(Path.of("/of/shop"));
  }

  @Test
  void an_application_without_classes_for_the_web_is_left_alone() throws Exception {
    try (GenericApplicationContext application = new GenericApplicationContext();
        URLClassLoader withoutWeb = new URLClassLoader(new URL[0], null)) {
      application.setClassLoader(withoutWeb);
      new DeploymentInitializer().initialize(application);
      assertThat(application.containsBean("runtrackerDeployment")).isFalse();
    }
  }
}
