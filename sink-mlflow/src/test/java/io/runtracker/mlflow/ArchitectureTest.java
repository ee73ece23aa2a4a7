// SPDX-License-Identifier: Apache-2.0
package io.runtracker.mlflow;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** What the MLflow sink may know of the core, and what others may know of it. */
@AnalyzeClasses(
    packages = "io.runtracker.mlflow",
    importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule it_knows_what_sinks_may_the_forms_of_events_and_settings_and_how_to_log =
      noClasses()
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.runtracker..")
                  .and(
                      resideOutsideOfPackages(
                          "io.runtracker",
                          "io.runtracker.sink..",
                          "io.runtracker.mlflow..",
                          "io.runtracker.internal.config..",
                          "io.runtracker.internal.event..",
                          "io.runtracker.internal.log..",
                          "io.runtracker.internal.stage..")));

  @ArchTest
  static final ArchRule users_see_the_sink_its_builder_and_its_provider =
      noClasses()
          .that()
          .doNotBelongToAnyOf(MlflowSink.class, MlflowSinkProvider.class)
          .should()
          .bePublic();
}
