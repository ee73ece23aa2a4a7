// SPDX-License-Identifier: Apache-2.0
package io.runtracker.testkit.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A second address of each node, with TLS and SCRAM, where rights are checked. At the first address
 * everybody may do everything.
 */
final class SecureListener {

  static final String NAME = "SECURE";

  private static final String PASSWORD = "changeit";

  private final Path keys;
  private final Path trusted;

  private SecureListener(Path keys, Path trusted) {
    this.keys = keys;
    this.trusted = trusted;
  }

  /** Makes a key for this machine, and a store with its certificate for clients. */
  static SecureListener in(Path directory) throws IOException, InterruptedException {
    Files.createDirectories(directory);
    Path keys = directory.resolve("keys.p12");
    Path trusted = directory.resolve("trusted.p12");
    Path certificate = directory.resolve("certificate.pem");
    keytool(
        keys,
        "-genkeypair -alias node -keyalg EC -validity 30 -dname CN=127.0.0.1 -ext san=ip:127.0.0.1");
    keytool(keys, "-exportcert -rfc -alias node -file " + certificate);
    keytool(trusted, "-importcert -noprompt -alias node -file " + certificate);
    return new SecureListener(keys, trusted);
  }

  private static void keytool(Path store, String arguments)
      throws IOException, InterruptedException {
    String tool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    List<String> command = new java.util.ArrayList<>(List.of(tool));
    command.addAll(List.of(arguments.split(" ")));
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
    command.addAll(List.of("-keystore", store.toString()));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(arguments + ": " + said);
    }
  }

  List<String> settings() {
    return List.of(
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
        "sasl.enabled.mechanisms=SCRAM-SHA-256",
        "listener.name.secure.scram-sha-256.sasl.jaas.config="
            + "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "ssl.keystore.type=PKCS12",
        "ssl.keystore.location=" + keys,
        "ssl.keystore.password=" + PASSWORD,
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:ANONYMOUS");
  }

  /** What a client needs beside the address. */
  Map<String, String> clientSettings(String user, String password) {
    return Map.of(
        "security.protocol",
        "SASL_SSL",
        "sasl.mechanism",
        "SCRAM-SHA-256",
        "sasl.jaas.config",
        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\""
            + user
            + "\" password=\""
            + password
            + "\";",
        "ssl.truststore.type",
        "PKCS12",
        "ssl.truststore.location",
        trusted.toString(),
        "ssl.truststore.password",
        PASSWORD);
  }
}
