// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** Makes a TLS context of PEM files, as MLflow's Python client takes them. */
final class TlsContext {

  private static final Pattern KEY =
      Pattern.compile("-----BEGIN ([A-Z ]*)PRIVATE KEY-----([^-]*)-----END");

  private static final char[] NO_PASSWORD = new char[0];

  private TlsContext() {}

  /**
   * Makes the context that these settings ask for.
   *
   * @param serverCertificates a bundle of certificates to trust, in place of the JVM's, or null
   * @param clientCertificate a file with a certificate chain and its key, or null
   * @return null when the JVM's own context will do
   */
  static @Nullable SSLContext of(
      boolean insecure, @Nullable Path serverCertificates, @Nullable Path clientCertificate) {
    if (!insecure && serverCertificates == null && clientCertificate == null) {
      return null;
    }
    try {
      KeyManager[] keys = clientCertificate == null ? null : keys(clientCertificate);
      TrustManager[] trust = null;
      if (insecure) {
        trust = new TrustManager[] {new TrustEverybody()};
      } else if (serverCertificates != null) {
        trust = trust(serverCertificates);
      }
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys, trust, null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalArgumentException("TLS cannot be set up: " + e, e);
    }
  }

  private static TrustManager[] trust(Path file) throws GeneralSecurityException, IOException {
    KeyStore store = emptyStore();
    int number = 0;
    for (Certificate certificate : certificates("the server certificate", file)) {
      store.setCertificateEntry("ca-" + number++, certificate);
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory.getTrustManagers();
  }

  private static KeyManager[] keys(Path file) throws GeneralSecurityException, IOException {
    Certificate[] chain = certificates("the client certificate", file).toArray(new Certificate[0]);
    KeyStore store = emptyStore();
    try {
      store.setKeyEntry("client", privateKey(file), NO_PASSWORD, chain);
    } catch (GeneralSecurityException e) {
      throw unusable("the client certificate", file, "its key and certificate do not fit", e);
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, NO_PASSWORD);
    return factory.getKeyManagers();
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static Collection<? extends Certificate> certificates(String what, Path file) {
    byte[] pem = read(what, file).getBytes(StandardCharsets.ISO_8859_1);
    try (InputStream withoutKeys = new ByteArrayInputStream(onlyCertificates(pem))) {
      Collection<? extends Certificate> found =
          CertificateFactory.getInstance("X.509").generateCertificates(withoutKeys);
      if (found.isEmpty()) {
        throw unusable(what, file, "it holds no PEM certificate", null);
      }
      return found;
    } catch (GeneralSecurityException | IOException e) {
      throw unusable(what, file, "it holds no readable PEM certificate", e);
    }
  }

  private static byte[] onlyCertificates(byte[] pem) {
    StringBuilder certificates = new StringBuilder();
    Matcher block =
        Pattern.compile("-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----")
            .matcher(new String(pem, StandardCharsets.ISO_8859_1));
    while (block.find()) {
      certificates.append(block.group()).append('\n');
    }
    return certificates.toString().getBytes(StandardCharsets.ISO_8859_1);
  }

  private static PrivateKey privateKey(Path file) throws GeneralSecurityException {
    Matcher key = KEY.matcher(read("the client certificate", file));
    if (!key.find()) {
      throw unusable(
          "the client certificate", file, "it must hold the private key as well (PEM)", null);
    }
    if (!key.group(1).isEmpty()) {
      throw unusable(
          "the client certificate",
          file,
          "its key is a '"
              + key.group(1)
              + "PRIVATE KEY', which Java does not read;"
              + " make it PKCS#8 by `openssl pkcs8 -topk8 -nocrypt -in old.key -out new.key`",
          null);
    }
    byte[] der = Base64.getMimeDecoder().decode(key.group(2));
    InvalidKeySpecException unknown = null;
    for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (InvalidKeySpecException anotherAlgorithm) {
        unknown = anotherAlgorithm;
      }
    }
    throw unusable(
        "the client certificate", file, "its key is not one of RSA, EC or EdDSA", unknown);
  }

  private static String read(String what, Path file) {
    try {
      return Files.readString(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw unusable(what, file, "it cannot be read", e);
    }
  }

  private static IllegalArgumentException unusable(
      String what, Path file, String why, @Nullable Exception cause) {
    return new IllegalArgumentException(what + " " + file + " cannot be used: " + why, cause);
  }

  /** Extended, because the JVM checks host names on top of a trust manager that is not. */
  private static final class TrustEverybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
