// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

@AnalyzeClasses(packages = "io.runtracker", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  @ArchTest
  static final ArchRule only_the_mlflow_package_knows_mlflow =
      noClasses()
          .that()
          .resideOutsideOfPackage("io.runtracker.mlflow..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("org.mlflow..", "org.mlflow_project..");

  @ArchTest
  static final ArchRule only_the_builder_names_the_default_sink =
      noClasses()
          .that()
          .resideInAPackage("io.runtracker")
          .and()
          .doNotHaveFullyQualifiedName("io.runtracker.Tracker$Builder")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.runtracker.mlflow..");

  @ArchTest
  static final ArchRule the_spool_knows_nothing_of_events =
      noClasses()
          .that()
          .resideInAPackage("io.runtracker.spool..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.runtracker", "io.runtracker.mlflow..")
          .allowEmptyShould(true);

  @ArchTest
  static final ArchRule what_describes_settings_knows_nothing_of_ours =
      noClasses()
          .that()
          .resideInAPackage("io.runtracker.internal.config..")
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.runtracker..")
                  .and(resideOutsideOfPackage("io.runtracker.internal.config..")));

  @ArchTest
  static final ArchRule the_core_knows_no_framework =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("jakarta..", "org.springframework..", "io.javalin..");

  @ArchTest
  static final ArchRule micrometer_stays_optional =
      noClasses()
          .that()
          .doNotHaveSimpleName("TrackerMetrics")
          .and()
          .doNotHaveSimpleName("CurrentRequestAccessor")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.micrometer..");

  @ArchTest
  static final ArchRule the_ring_stays_inside =
      classes()
          .that()
          .areAssignableTo(Slot.class)
          .or()
          .haveSimpleName("Capture")
          .should()
          .bePackagePrivate();
}
