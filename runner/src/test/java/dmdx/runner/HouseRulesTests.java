package dmdx.runner;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The rules that every module keeps to, as far as this module sees the others. */
@AnalyzeClasses(packages = "dmdx", importOptions = DoNotIncludeTests.class)
class HouseRulesTests {

  /** The packages of the interface module describe one thing and may name each other's types. */
  @ArchTest
  static final ArchRule packages_are_free_of_cycles =
      slices()
          .matching("dmdx.(**)")
          .should()
          .beFreeOfCycles()
          .ignoreDependency(resideInAnyPackage("dmdx.api.."), resideInAnyPackage("dmdx.api.."));

  @ArchTest
  static final ArchRule only_command_line_and_reports_print =
      noClasses()
          .that()
          .resideOutsideOfPackages("dmdx.runner.cli", "dmdx.runner.report", "dmdx.examples..")
          .should(ACCESS_STANDARD_STREAMS);

  @ArchTest
  static final ArchRule exceptions_say_what_they_are = noClasses().should(THROW_GENERIC_EXCEPTIONS);

  @ArchTest
  static final ArchRule interfaces_depend_on_nothing_of_ours =
      noClasses()
          .that()
          .resideInAPackage("dmdx.api..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("dmdx..").and(not(resideInAnyPackage("dmdx.api.."))));

  @ArchTest
  static final ArchRule building_blocks_depend_on_interfaces_alone =
      noClasses()
          .that()
          .resideInAPackage("dmdx.nn..")
          .should()
          .dependOnClassesThat(
              resideInAnyPackage("dmdx..").and(not(resideInAnyPackage("dmdx.api..", "dmdx.nn.."))));

  @ArchTest
  static final ArchRule frameworks_stay_in_the_runner =
      noClasses()
          .that()
          .resideOutsideOfPackages("dmdx.runner..", "dmdx.examples..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.google.inject..", "picocli..", "io.micrometer..");

  @ArchTest
  static final ArchRule injection_stays_in_the_composition_root =
      noClasses()
          .that()
          .resideOutsideOfPackage("dmdx.runner.cli")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("com.google.inject..", "jakarta.inject..");

  /** What changes belongs to an object. A signal to stop is the process's. */
  @ArchTest
  static final ArchRule static_fields_are_final =
      fields()
          .that()
          .areStatic()
          .and()
          .doNotHaveModifier(JavaModifier.SYNTHETIC)
          .and()
          .areDeclaredInClassesThat()
          .doNotHaveSimpleName("StopRequest")
          .should()
          .beFinal();

  @ArchTest
  static final ArchRule exceptions_are_unchecked_and_final =
      classes()
          .that()
          .areAssignableTo(Exception.class)
          .should()
          .beAssignableTo(RuntimeException.class)
          .andShould()
          .haveModifier(JavaModifier.FINAL);

  /** See {@code Ops.times}: the number's memory may be gone when a gradient needs it. */
  @ArchTest
  static final ArchRule products_with_numbers_keep_the_number =
      noClasses()
          .should()
          .callMethod(NDArray.class, "mul", Number.class)
          .orShould()
          .callMethod(NDArray.class, "div", Number.class)
          .orShould()
          .callMethod(NDArray.class, "pow", Number.class);

  /** Without a device DJL takes a GPU where there is one, whatever the run says. */
  @ArchTest
  static final ArchRule memory_names_its_device =
      noClasses().should().callMethod(NDManager.class, "newBaseManager");
}
