// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import io.runtracker.internal.config.SettingsReader;
import io.runtracker.internal.config.Told;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mlflow.tracking.creds.BasicMlflowHostCreds;
import org.mlflow.tracking.creds.DatabricksConfigHostCredsProvider;
import org.mlflow.tracking.creds.DatabricksDynamicHostCredsProvider;
import org.mlflow.tracking.creds.HostCredsProviderChain;
import org.mlflow.tracking.creds.MlflowHostCredsProvider;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out where the server is and how to be let in. No message repeats a URI: it may be secret.
 */
final class ServerResolver {

  private static final String VARIABLE = SinkSettings.TRACKING_URI.variable();
  private static final Logger log = LoggerFactory.getLogger(MlflowSink.class);

  private final Told told;
  private final SettingsReader settings;
  private final Environment environment;
  private final boolean insecure;

  private record Login(@Nullable String username, @Nullable String password) {}

  ServerResolver(Told told, SettingsReader settings, Environment environment, boolean insecure) {
    this.told = told;
    this.settings = settings;
    this.environment = environment;
    this.insecure = insecure;
  }

  Server resolve() {
    String address = settings.read(SinkSettings.TRACKING_URI).strip();
    if (settings.readIfSet(SinkSettings.TRACKING_URI) == null) {
      log.info("{} is not set; runs go to {}", VARIABLE, address);
    }
    if (address.equals("databricks") || address.startsWith("databricks://")) {
      return new Server(databricks(address));
    }
    return new Server(credentials(parse(address)));
  }

  private MlflowHostCredsProvider databricks(String address) {
    if (isLoginTold() || told.value(SinkSettings.TOKEN) != null) {
      throw new IllegalArgumentException(
          "credentials for Databricks come from its own configuration, not from the builder");
    }
    String profile = address.replaceFirst("^databricks(://)?", "").replaceAll("/+$", "");
    if (!profile.isEmpty()) {
      return checked(new DatabricksConfigHostCredsProvider(profile));
    }
    String host = environment.get("DATABRICKS_HOST");
    String token = environment.get("DATABRICKS_TOKEN");
    if (host != null && token != null) {
      return new BasicMlflowHostCreds(host, null, null, token, insecure);
    }
    MlflowHostCredsProvider configured = new DatabricksConfigHostCredsProvider();
    MlflowHostCredsProvider dynamic = DatabricksDynamicHostCredsProvider.createIfAvailable();
    return checked(dynamic == null ? configured : new HostCredsProviderChain(configured, dynamic));
  }

  private static MlflowHostCredsProvider checked(MlflowHostCredsProvider provider) {
    try {
      provider.getHostCreds();
      return provider;
    } catch (RuntimeException e) {
      throw new IllegalArgumentException(
          "no credentials for Databricks were found; set DATABRICKS_HOST and DATABRICKS_TOKEN, or"
              + " run `databricks configure`",
          e);
    }
  }

  private static Address parse(String address) {
    int colon = address.indexOf(':');
    String scheme = colon < 0 ? "" : address.substring(0, colon).toLowerCase(Locale.ROOT);
    if (!scheme.equals("http") && !scheme.equals("https")) {
      boolean isScheme = scheme.matches("[a-z][a-z0-9+.-]+");
      throw new IllegalArgumentException(
          VARIABLE
              + ": must start with http:// or https://, or be databricks, but "
              + (isScheme ? "is " + scheme + ":..." : "is a path or a bare name")
              + "; runs are written to a server, which opens a database or folder by `mlflow server"
              + " --backend-store-uri ...`");
    }
    try {
      return Address.parse(address);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(VARIABLE + ": " + e.getMessage(), e);
    }
  }

  private BasicMlflowHostCreds credentials(Address address) {
    String host = address.location();
    String token = told.value(SinkSettings.TOKEN);
    Login login = told(address);
    if (token != null && login != null) {
      throw new IllegalArgumentException(
          "a token and a user are both set; a call can carry only one of them");
    }
    if (token == null && login == null) {
      login = fromEnvironment();
      token = settings.readIfSet(SinkSettings.TOKEN);
    }
    if (login != null) {
      if (token != null) {
        log.warn("MLFLOW_TRACKING_TOKEN is not used: MLflow prefers the user and password");
      }
      check(login);
      return new BasicMlflowHostCreds(host, login.username, login.password, null, insecure);
    }
    SettingsResolver.header("the token", token);
    return new BasicMlflowHostCreds(host, null, null, token, insecure);
  }

  /** What the builder or the address say. */
  private @Nullable Login told(Address address) {
    if (address.user() == null) {
      return isLoginTold()
          ? new Login(told.value(SinkSettings.USERNAME), told.value(SinkSettings.PASSWORD))
          : null;
    }
    if (isLoginTold() || settings.readIfSet(SinkSettings.USERNAME) != null) {
      throw new IllegalArgumentException(
          "the user is set twice: in " + VARIABLE + " and beside it");
    }
    return new Login(address.user(), address.password());
  }

  private boolean isLoginTold() {
    return told.value(SinkSettings.USERNAME) != null || told.value(SinkSettings.PASSWORD) != null;
  }

  private @Nullable Login fromEnvironment() {
    Map<String, String> file = CredentialsFile.read(environment.home());
    String username = settings.readIfSet(SinkSettings.USERNAME);
    String password = settings.readIfSet(SinkSettings.PASSWORD);
    username = username != null ? username : file.get("mlflow_tracking_username");
    password = password != null ? password : file.get("mlflow_tracking_password");
    return username == null && password == null ? null : new Login(username, password);
  }

  private static void check(Login login) {
    if (login.username == null || login.password == null) {
      throw new IllegalArgumentException(
          login.username == null
              ? "a password is set, but no user: set MLFLOW_TRACKING_USERNAME as well"
              : "a user is set, but no password: set MLFLOW_TRACKING_PASSWORD as well");
    }
    if (login.username.isEmpty() || login.username.indexOf(':') >= 0) {
      throw new IllegalArgumentException(
          "MLFLOW_TRACKING_USERNAME: must neither be empty nor hold a colon");
    }
  }
}
