// SPDX-License-Identifier: Apache-2.0
package io.runtracker;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The rooms of the core, and who may know whom. */
@AnalyzeClasses(packages = "io.runtracker", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  private static final String ROOT = "io.runtracker";
  private static final String ADAPTER = "io.runtracker.adapter..";
  private static final String SINK = "io.runtracker.sink..";
  private static final String INTERNAL = "io.runtracker.internal..";
  private static final String CAPTURE = "io.runtracker.internal.capture..";
  private static final String BATCH = "io.runtracker.internal.batch..";
  private static final String LOG = "io.runtracker.internal.log..";
  private static final String DELIVERY = "io.runtracker.internal.delivery..";
  private static final String PIPELINE = "io.runtracker.internal.pipeline..";

  @ArchTest
  static final ArchRule no_two_internal_rooms_need_each_other =
      slices().matching("io.runtracker.internal.(*)..").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule capture_knows_no_stage_behind_the_ring =
      noClasses()
          .that()
          .resideInAPackage(CAPTURE)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(BATCH, LOG, DELIVERY, PIPELINE, SINK);

  @ArchTest
  static final ArchRule the_batcher_knows_no_delivery_and_no_sink =
      noClasses()
          .that()
          .resideInAPackage(BATCH)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(DELIVERY, PIPELINE, SINK);

  @ArchTest
  static final ArchRule delivery_knows_nothing_before_the_log =
      noClasses()
          .that()
          .resideInAPackage(DELIVERY)
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(CAPTURE, BATCH, PIPELINE);

  @ArchTest
  static final ArchRule the_log_stands_alone =
      noClasses()
          .that()
          .resideInAPackage(LOG)
          .should()
          .dependOnClassesThat(
              resideInAPackage("io.runtracker..").and(resideOutsideOfPackage(LOG)));

  /** The tracker puts the stages together; the others make or find what users are handed. */
  @ArchTest
  static final ArchRule few_public_types_name_internal_ones =
      noClasses()
          .that()
          .resideInAnyPackage(ROOT, ADAPTER, SINK)
          .and()
          .doNotBelongToAnyOf(
              Tracker.class,
              TrackedRequest.class,
              RequestEvent.class,
              io.runtracker.sink.EncodedEvent.class)
          .should()
          .dependOnClassesThat()
          .resideInAPackage(INTERNAL);

  @ArchTest
  static final ArchRule only_the_tracker_names_sinks_and_adapters =
      noClasses()
          .that()
          .resideInAPackage(ROOT)
          .and()
          .doNotBelongToAnyOf(Tracker.class)
          .should()
          .dependOnClassesThat(resideInAnyPackage(ADAPTER, SINK));

  @ArchTest
  static final ArchRule sinks_and_adapters_know_nothing_of_each_other =
      noClasses()
          .that()
          .resideInAPackage(SINK)
          .should()
          .dependOnClassesThat()
          .resideInAPackage(ADAPTER);

  @ArchTest
  static final ArchRule no_public_method_shows_an_internal_type =
      classes()
          .that()
          .resideInAnyPackage(ROOT, ADAPTER, SINK)
          .and()
          .arePublic()
          .should(showNoInternalType());

  /** What is added there is kept for ever. */
  @ArchTest
  static void every_public_type_is_in_the_reviewed_list(JavaClasses all) throws IOException {
    Stream<String> found =
        all.stream()
            .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
            .filter(resideOutsideOfPackage(INTERNAL))
            .map(JavaClass::getName);
    Path list = Path.of("src/test/resources/public-types.txt");
    assertThat(found).containsExactlyInAnyOrderElementsOf(Files.readAllLines(list));
  }

  @ArchTest
  static final ArchRule the_core_knows_no_framework_and_no_server =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "jakarta..", "org.springframework..", "io.javalin..", "org.mlflow..", "org.apache..");

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

  private static ArchCondition<JavaClass> showNoInternalType() {
    return new ArchCondition<>("show no internal type") {
      @Override
      public void check(JavaClass type, ConditionEvents events) {
        for (JavaMethod method : type.getMethods()) {
          Set<String> shown =
              Stream.concat(Stream.of(method.getReturnType()), method.getParameterTypes().stream())
                  .flatMap(shownType -> shownType.getAllInvolvedRawTypes().stream())
                  .filter(resideInAPackage(INTERNAL))
                  .map(JavaClass::getName)
                  .collect(Collectors.toSet());
          if (method.getModifiers().contains(JavaModifier.PUBLIC) && !shown.isEmpty()) {
            events.add(
                SimpleConditionEvent.violated(method, method.getFullName() + " shows " + shown));
          }
        }
      }
    };
  }
}
