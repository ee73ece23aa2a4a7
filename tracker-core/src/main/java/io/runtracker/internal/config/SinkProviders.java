// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.config;

import io.runtracker.sink.Sink;
import io.runtracker.sink.SinkProvider;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;

/** The sinks that the class path has. */
public final class SinkProviders {

  /** The variable that chooses one. */
  public static final String VARIABLE = "RUNTRACKER_SINK";

  private final List<SinkProvider> all;

  SinkProviders(List<SinkProvider> all) {
    this.all = all;
  }

  /** Those that a class loader finds. */
  public static SinkProviders of(ClassLoader loader) {
    List<SinkProvider> all = new ArrayList<>();
    ServiceLoader.load(SinkProvider.class, loader).forEach(all::add);
    return new SinkProviders(all);
  }

  /** The variables that they read. */
  public Set<String> variables() {
    Set<String> variables = new HashSet<>();
    all.forEach(provider -> variables.addAll(provider.variables()));
    return variables;
  }

  /**
   * The one that {@link #VARIABLE} names; else the only one; else the only one that is configured,
   * but for the one that is taken where no other is.
   *
   * @throws IllegalArgumentException when that is none, or nobody can say which
   */
  public Sink create(Map<String, String> environment) {
    return chosen(environment).create(environment);
  }

  /** Whether {@link #create} would build the sink of this name. */
  public boolean choose(String name, Map<String, String> environment) {
    return chosen(environment).name().equals(name);
  }

  private SinkProvider chosen(Map<String, String> environment) {
    if (all.isEmpty()) {
      throw new IllegalArgumentException(
          "there is no sink on the class path: add io.runtracker:sink-mlflow, or give the builder"
              + " a sink");
    }
    String wanted = environment.getOrDefault(VARIABLE, "").strip().toLowerCase(Locale.ROOT);
    List<SinkProvider> fitting =
        wanted.isEmpty()
            ? configured(environment)
            : all.stream().filter(provider -> provider.name().equals(wanted)).toList();
    if (fitting.size() != 1) {
      throw new IllegalArgumentException(
          VARIABLE
              + (wanted.isEmpty() ? " is not set" : " is " + wanted)
              + ", and must be one of the sinks on the class path: "
              + String.join(", ", all.stream().map(SinkProvider::name).sorted().toList()));
    }
    return fitting.get(0);
  }

  private List<SinkProvider> configured(Map<String, String> environment) {
    if (all.size() == 1) {
      return all;
    }
    List<SinkProvider> configured =
        all.stream()
            .filter(provider -> !provider.isFallback() && provider.isConfigured(environment))
            .toList();
    return configured.isEmpty()
        ? all.stream().filter(SinkProvider::isFallback).toList()
        : configured;
  }
}
