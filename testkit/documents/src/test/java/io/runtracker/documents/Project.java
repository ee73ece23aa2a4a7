// SPDX-License-Identifier: Apache-2.0
package io.runtracker.documents;

import io.runtracker.internal.config.Settings;
import io.runtracker.internal.config.SinkProviders;
import io.runtracker.kafka.client.ClientProperties;
import io.runtracker.sink.SinkProvider;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.springframework.boot.json.JsonParserFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** What the documents speak of: artifacts and their versions, files, settings. */
final class Project {

  static final Path ROOT = Path.of("../..");

  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^}]+)}");

  private static final Map<Path, String> SOURCES = read();
  private static final Map<Path, Element> POMS = new ConcurrentHashMap<>();

  private Project() {}

  /** All sources and poms, without what is built. */
  private static Map<Path, String> read() {
    Map<Path, String> sources = new HashMap<>();
    Set<String> skipped = Set.of("target", ".git", "results", "__pycache__");
    try {
      Files.walkFileTree(
          ROOT,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
              boolean isSkipped = skipped.contains(path.getFileName().toString());
              return isSkipped ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path path, BasicFileAttributes attributes)
                throws IOException {
              if (path.toString().matches(".*(\\.java|\\.py|\\.sh|pom\\.xml)")) {
                sources.put(ROOT.relativize(path), Files.readString(path));
              }
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return sources;
  }

  /** Whether a source of which the path has a part has the text. */
  static boolean has(String partOfPath, String text) {
    return SOURCES.entrySet().stream()
        .anyMatch(
            source ->
                source.getKey().toString().contains(partOfPath)
                    && source.getValue().contains(text));
  }

  static String source(String path) {
    return SOURCES.get(Path.of(path));
  }

  static boolean hasFile(String path) {
    return Files.exists(ROOT.resolve(path));
  }

  static boolean hasTest(String name) {
    return SOURCES.keySet().stream()
        .anyMatch(path -> path.toString().contains("src/test") && path.endsWith(name + ".java"));
  }

  static String version() {
    return text(childOf(pom(Path.of("pom.xml")), "version"));
  }

  /** Those that users may name. */
  static Set<String> artifacts() {
    Set<String> artifacts = new HashSet<>(Set.of("tracker-bom"));
    for (Element dependency : all(pom(Path.of("bom/pom.xml")), "dependency")) {
      artifacts.add(text(childOf(dependency, "artifactId")));
    }
    return artifacts;
  }

  /** Whether a pom asks for an artifact in this version, or the class path has it. */
  static boolean usesVersion(String artifact, String version) {
    return versions(artifact).contains(version)
        || classPath().stream()
            .anyMatch(jar -> jar.endsWith(File.separator + artifact + '-' + version + ".jar"));
  }

  private static Set<String> versions(String artifact) {
    Set<String> versions = new HashSet<>();
    Map<String, String> ofParent = properties(pom(Path.of("pom.xml")));
    for (Path path : SOURCES.keySet()) {
      if (path.endsWith("pom.xml")) {
        Map<String, String> properties = new HashMap<>(ofParent);
        properties.putAll(properties(pom(path)));
        List<Element> dependencies = new ArrayList<>(all(pom(path), "dependency"));
        dependencies.addAll(all(pom(Path.of("pom.xml")), "dependency"));
        for (Element dependency : dependencies) {
          Element version = childOf(dependency, "version");
          if (version != null && text(childOf(dependency, "artifactId")).equals(artifact)) {
            versions.add(resolve(text(version), properties));
          }
        }
      }
    }
    return versions;
  }

  private static String resolve(String version, Map<String, String> properties) {
    Matcher placeholder = PLACEHOLDER.matcher(version);
    return placeholder.replaceAll(
        name -> Matcher.quoteReplacement(properties.getOrDefault(name.group(1), version())));
  }

  private static Map<String, String> properties(Element pom) {
    Map<String, String> properties = new HashMap<>();
    Element all = childOf(pom, "properties");
    if (all != null) {
      for (Element property : children(all)) {
        properties.put(property.getTagName(), text(property));
      }
    }
    return properties;
  }

  private static Element pom(Path path) {
    return POMS.computeIfAbsent(path, pom -> parse(SOURCES.get(pom)));
  }

  static List<String> classPath() {
    return List.of(System.getProperty("java.class.path").split(File.pathSeparator));
  }

  /** Those that a service reads. */
  static Set<String> variables() {
    Set<String> variables =
        Settings.ALL.stream().map(setting -> setting.variable()).collect(Collectors.toSet());
    for (SinkProvider provider : ServiceLoader.load(SinkProvider.class)) {
      variables.addAll(provider.variables());
    }
    variables.add(SinkProviders.VARIABLE);
    return variables;
  }

  /** Those that the relay reads beside them. */
  static Set<String> variablesOfRelay() {
    return new ClientProperties("consumer", ConsumerConfig.configNames()).variables();
  }

  /** Those of Runtracker in the metadata that Spring's editors read. */
  static Set<String> properties() throws IOException {
    Set<String> names = new HashSet<>();
    ClassLoader loader = Project.class.getClassLoader();
    for (URL url :
        Collections.list(loader.getResources("META-INF/spring-configuration-metadata.json"))) {
      try (InputStream in = url.openStream()) {
        String json = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        Object all = JsonParserFactory.getJsonParser().parseMap(json).get("properties");
        for (Object property : (List<?>) all) {
          String name = String.valueOf(((Map<?, ?>) property).get("name"));
          if (name.startsWith("runtracker.")) {
            names.add(name);
          }
        }
      }
    }
    return names;
  }

  static Element parse(String xml) {
    try {
      DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
      factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
      return factory
          .newDocumentBuilder()
          .parse(new InputSource(new StringReader(xml)))
          .getDocumentElement();
    } catch (Exception e) {
      throw new AssertionError("not XML: " + e.getMessage(), e);
    }
  }

  static List<Element> all(Element root, String tag) {
    return elements(root.getElementsByTagName(tag));
  }

  private static List<Element> children(Element parent) {
    return elements(parent.getChildNodes());
  }

  private static List<Element> elements(NodeList nodes) {
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      if (nodes.item(i).getNodeType() == Node.ELEMENT_NODE) {
        elements.add((Element) nodes.item(i));
      }
    }
    return elements;
  }

  /** The first, or null. */
  static Element childOf(Element parent, String tag) {
    return children(parent).stream()
        .filter(child -> child.getTagName().equals(tag))
        .findFirst()
        .orElse(null);
  }

  static String text(Element element) {
    return element.getTextContent().strip();
  }
}
