// SPDX-License-Identifier: Apache-2.0
package io.runtracker.internal.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BlameTest {

  private static final int MAX_TRIES = 10;
  private static final int PLACES = 3;

  private final Blame blame = new Blame(MAX_TRIES, PLACES);
  private final Tries unit = new Tries(false);

  private void pass(int times) {
    for (int i = 0; i < times; i++) {
      blame.passed(new Tries(false));
    }
  }

  private void passAsWindows(int times) {
    for (int i = 0; i < times; i++) {
      blame.passed(new Tries(true));
    }
  }

  private boolean failed(Tries tries, boolean isAlone) {
    return blame.failed(tries, isAlone, blame.allPassed());
  }

  /** Others that fail once and then pass: by chance. */
  private void othersRecover(int times) {
    for (int i = 0; i < times; i++) {
      Tries other = new Tries(false);
      failed(other, true);
      blame.passed(other);
    }
  }

  private void failWhileOthersPass(Tries tries, int times) {
    for (int i = 0; i < times; i++) {
      failed(tries, true);
      pass(1);
    }
  }

  @Test
  void a_unit_is_guilty_once_it_failed_so_often_while_others_passed() {
    failWhileOthersPass(unit, MAX_TRIES - 1);
    assertThat(blame.isGuilty(unit, false)).isFalse();
    failed(unit, true);
    assertThat(blame.isGuilty(unit, false)).isTrue();
  }

  @Test
  void who_is_refused_while_many_pass_is_guilty_sooner_and_not_at_once() {
    failWhileOthersPass(unit, 2);
    pass(60);
    assertThat(blame.isGuilty(unit, true)).isFalse();
    failed(unit, true);
    assertThat(blame.isGuilty(unit, true)).isTrue();
    assertThat(blame.isGuilty(unit, false)).isFalse();
  }

  @Test
  void what_its_window_failed_does_not_make_a_request_guilty() {
    failWhileOthersPass(unit, 3);
    pass(60);
    Tries part = unit.ofPart();
    failed(part, true);
    pass(1);
    assertThat(blame.isGuilty(part, true)).isFalse();
    failWhileOthersPass(part, 3);
    assertThat(blame.isGuilty(part, true)).isTrue();
  }

  @Test
  void a_server_that_refuses_one_in_ten_by_chance_is_believed_after_more_tries() {
    for (int i = 0; i < 4; i++) {
      failed(unit, true);
      failed(new Tries(false), true);
      pass(10);
    }
    assertThat(blame.isGuilty(unit, true)).isFalse();
    failWhileOthersPass(unit, 3);
    assertThat(blame.isGuilty(unit, true)).isTrue();
  }

  @Test
  void where_one_in_three_begins_to_fail_it_takes_some_more_tries_than_usual() {
    for (int i = 0; i < MAX_TRIES + 1; i++) {
      failed(unit, true);
      failed(new Tries(false), true);
      pass(2);
    }
    assertThat(blame.isGuilty(unit, false)).isFalse();
    failWhileOthersPass(unit, 4);
    assertThat(blame.isGuilty(unit, false)).isTrue();
  }

  @Test
  void where_only_a_few_others_pass_what_passed_before_tells_of_the_server_too() {
    pass(200);
    failed(unit, true);
    failed(new Tries(false), true);
    pass(2);
    for (int i = 0; i < MAX_TRIES - 1; i++) {
      failed(unit, true);
    }
    assertThat(blame.isGuilty(unit, true)).isTrue();
  }

  @Test
  void a_suspect_that_fails_says_nothing_of_the_server() {
    failWhileOthersPass(unit, 2);
    Tries other = new Tries(false);
    failWhileOthersPass(other, 2);
    failed(unit, true);
    failed(other, true);
    assertThat(blame.isShared()).isFalse();
  }

  @Test
  void half_of_the_failures_must_be_while_others_passed() {
    for (int i = 0; i < 2 * MAX_TRIES; i++) {
      failed(unit, true);
    }
    for (int i = 0; i < MAX_TRIES / 2 - 1; i++) {
      assertThat(blame.isGuilty(unit, false)).isFalse();
      pass(1);
      failed(unit, true);
    }
    assertThat(blame.isGuilty(unit, false)).isTrue();
  }

  @Test
  void failures_while_nothing_passes_are_not_counted() {
    pass(100);
    for (int i = 0; i < 50; i++) {
      failed(unit, true);
    }
    pass(100);
    assertThat(unit.blamed).isEqualTo(1);
    assertThat(blame.isGuilty(unit, false)).isFalse();
  }

  @Test
  void a_unit_is_not_guilty_where_many_others_begin_to_fail_meanwhile() {
    for (int i = 0; i < MAX_TRIES; i++) {
      failed(unit, true);
      failed(new Tries(false), true);
      pass(1);
    }
    failed(unit, true);
    assertThat(blame.isGuilty(unit, false)).isFalse();
    pass(100);
    failed(unit, true);
    assertThat(blame.isGuilty(unit, false)).isTrue();
  }

  @Test
  void one_unit_that_fails_again_and_again_is_not_everybodys_trouble() {
    failed(unit, true);
    failed(unit, true);
    assertThat(blame.isShared()).isFalse();
    failed(new Tries(false), true);
    assertThat(blame.isShared()).isTrue();
    pass(1);
    assertThat(blame.isShared()).isFalse();
  }

  @Test
  void parts_of_a_window_that_fail_are_one_unit_that_fails() {
    failed(unit, false);
    failed(unit.ofPart(), false);
    failed(unit.ofSmaller(), false);
    assertThat(blame.isShared()).isFalse();
  }

  @Test
  void a_part_has_been_tried_with_its_window_and_a_smaller_one_has_not() {
    failWhileOthersPass(unit, 3);
    assertThat(unit.ofPart().blamed).isEqualTo(3);
    assertThat(unit.ofSmaller().blamed).isZero();
  }

  @Test
  void the_parts_of_a_window_do_not_count_as_others_that_begin_to_fail() {
    failed(unit, true);
    Tries window = new Tries(false);
    failed(window, false);
    for (int i = 0; i < 20; i++) {
      failed(window.ofSmaller(), false);
    }
    pass(1);
    failWhileOthersPass(unit, MAX_TRIES - 1);
    assertThat(blame.isGuilty(unit, false)).isTrue();
  }

  @Test
  void a_window_and_the_one_that_is_found_in_it_count_as_one_that_begins_to_fail() {
    Tries judged = new Tries(true);
    // One in five is bad, as far as calls tell, and not one in four.
    for (int i = 0; i < MAX_TRIES; i++) {
      failed(judged, true);
      Tries window = new Tries(true);
      failed(window, false);
      failed(window.ofPart(), true);
      passAsWindows(4);
    }
    assertThat(blame.isGuilty(judged, false)).isTrue();
  }

  @Test
  void each_further_one_that_is_found_in_a_window_counts() {
    Tries judged = new Tries(true);
    for (int i = 0; i < MAX_TRIES; i++) {
      failed(judged, true);
      Tries window = new Tries(true);
      failed(window, false);
      failed(window.ofPart(), true);
      failed(window.ofPart(), true);
      passAsWindows(4);
    }
    assertThat(blame.isGuilty(judged, false)).isFalse();
  }

  @Test
  void others_pass_at_a_first_failure_unless_another_has_just_failed() {
    assertThat(failed(unit, true)).isFalse(); // nothing has ever passed
    pass(1);
    assertThat(failed(new Tries(false), true)).isTrue();
    assertThat(failed(new Tries(false), true)).isFalse();
    pass(1);
    assertThat(failed(new Tries(false), true)).isTrue();
  }

  private Tries failsRequestByRequest(int requests) {
    Tries window = new Tries(true);
    failed(window, false);
    for (int i = 0; i < requests; i++) {
      failed(window.ofPart(), true);
    }
    return window;
  }

  @Test
  void a_window_whose_requests_fail_one_by_one_while_nothing_passes_is_not_searched_any_further() {
    assertThat(blame.mayBeFoundInParts(failsRequestByRequest(7))).isTrue();
    Tries window = failsRequestByRequest(8);
    assertThat(blame.mayBeFoundInParts(window)).isFalse();
    assertThat(blame.mayBeFoundInParts(window.ofPart())).isFalse();
    pass(1);
    assertThat(blame.mayBeFoundInParts(window)).isFalse(); // a run says nothing of windows
    blame.passed(new Tries(true));
    assertThat(blame.mayBeFoundInParts(window)).isTrue();
  }

  @Test
  void one_request_that_fails_again_and_again_does_not_end_the_search() {
    Tries window = failsRequestByRequest(1);
    Tries alone = window.ofPart();
    for (int i = 0; i < 20; i++) {
      failed(alone, true);
    }
    assertThat(blame.mayBeFoundInParts(window)).isTrue();
  }

  @Test
  void one_window_that_is_searched_in_vain_does_not_end_the_search_in_others_and_four_do() {
    for (int i = 0; i < 4; i++) {
      assertThat(blame.mayBeFoundInParts(new Tries(true))).isTrue();
      failsRequestByRequest(8);
    }
    assertThat(blame.mayBeFoundInParts(new Tries(true))).isFalse();
    blame.passed(new Tries(true));
    assertThat(blame.mayBeFoundInParts(new Tries(true))).isTrue();
  }

  @Test
  void a_window_is_judged_by_windows_alone() {
    Tries window = new Tries(true);
    for (int i = 0; i < 3 * MAX_TRIES; i++) {
      failed(window, true);
      pass(10); // runs
    }
    assertThat(window.areSuspect()).isFalse();
    assertThat(blame.isGuilty(window, true)).isFalse();
    assertThat(blame.isShared()).isFalse();
  }

  @Test
  void a_run_is_judged_by_runs_alone() {
    for (int i = 0; i < 3 * MAX_TRIES; i++) {
      failed(unit, true);
      blame.passed(new Tries(true));
    }
    assertThat(blame.isGuilty(unit, true)).isFalse();
  }

  @Test
  void where_a_run_failed_and_none_has_passed_since_one_more_would_tell() {
    assertThat(blame.lacksARunThatTells()).isFalse();
    failed(unit, true);
    assertThat(blame.lacksARunThatTells()).isTrue();
    blame.passed(new Tries(true));
    assertThat(blame.lacksARunThatTells()).isTrue();
    pass(1);
    assertThat(blame.lacksARunThatTells()).isFalse();
  }

  @Test
  void where_64_runs_failed_and_none_has_passed_since_one_more_would_tell_nothing() {
    for (int i = 0; i < 64; i++) {
      failed(new Tries(false), true);
    }
    assertThat(blame.lacksARunThatTells()).isFalse();
  }

  @Test
  void where_others_fail_and_then_pass_it_takes_more_tries_although_no_other_begins_to_fail() {
    List<Tries> others = new ArrayList<>();
    for (int i = 0; i < 15; i++) {
      Tries other = new Tries(false);
      failed(other, true);
      others.add(other);
    }
    others.forEach(
        other -> {
          failed(unit, true);
          blame.passed(other);
        });
    assertThat(unit.failed).isGreaterThan(MAX_TRIES);
    assertThat(blame.isGuilty(unit, false)).isFalse();
  }

  @Test
  void a_server_that_failed_by_chance_a_moment_ago_is_not_believed_at_once() {
    othersRecover(60);
    failWhileOthersPass(unit, MAX_TRIES + 1);
    assertThat(blame.isGuilty(unit, false)).isFalse();
    pass(300);
    failed(unit, true);
    assertThat(blame.isGuilty(unit, false)).isTrue();
  }

  @Test
  void a_request_that_failed_alone_in_a_window_is_tried_less_often_as_a_run() {
    Tries window = new Tries(true);
    failed(window, true);
    failed(window, true);
    Tries run = window.ofRun();
    pass(10);
    failWhileOthersPass(run, MAX_TRIES - 3);
    assertThat(blame.isGuilty(run, false)).isFalse();
    failed(run, true);
    assertThat(blame.isGuilty(run, false)).isTrue();
  }

  @Test
  void that_a_window_was_refused_is_no_evidence_against_the_request_that_was_alone_in_it() {
    Tries window = new Tries(true);
    failed(window, true);
    Tries run = window.ofRun();
    pass(60);
    failed(run, true);
    pass(60);
    assertThat(blame.isGuilty(run, true)).isFalse();
    failed(run, true);
    assertThat(blame.isGuilty(run, true)).isTrue();
  }

  @Test
  void who_fails_as_a_run_is_blamed_only_when_others_passed_since_its_window_failed() {
    pass(5);
    Tries window = new Tries(true);
    failed(window, true);
    Tries run = window.ofPart().ofRun();
    assertThat(failed(run, true)).isFalse();
    pass(1);
    assertThat(failed(run, true)).isTrue();
  }

  @Test
  void where_as_many_pass_as_there_are_places_while_a_request_is_tried_it_is_a_suspect_at_once() {
    long start = blame.allPassed();
    pass(PLACES - 1);
    blame.failed(unit, true, start);
    assertThat(unit.areSuspect()).isFalse();
    Tries other = new Tries(false);
    pass(1);
    blame.failed(other, true, start);
    assertThat(other.areSuspect()).isTrue();
  }

  @Test
  void bad_ones_that_meet_by_chance_are_not_more_than_chance() {
    failed(unit, true);
    failed(new Tries(false), true);
    assertThat(blame.isSharedBeyondChance(3)).isFalse();
    failed(unit, true);
    assertThat(blame.isSharedBeyondChance(3)).isTrue();
    pass(1);
    assertThat(blame.isSharedBeyondChance(1)).isFalse();
  }

  @Test
  void one_that_fails_again_and_again_is_not_shared_beyond_chance() {
    for (int i = 0; i < 20; i++) {
      failed(unit, true);
    }
    assertThat(blame.isSharedBeyondChance(3)).isFalse();
  }
}
