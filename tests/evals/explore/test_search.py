"""Searches: what is wrong is found with as few faults as it takes, and what is right is found complete."""

import itertools
from dataclasses import replace

import pytest

from evals.explore import exploration, fingerprint
from evals.explore.desk import Desk
from evals.explore.search import Bounds, Search
from graphs import blocks
from tools.operations import Retry

PAY_AND_SEND = """
steps:
  hold: {call: shop.reserve, with: {order: o-1}}
  pay: {call: shop.pay, with: {order: o-1}, recover: {by: rule}}
  send: {call: shop.send, with: {order: o-1}}
"""


def found(search):
    """Return each violation with the faults that it takes."""
    told = exploration.exploration(search)
    return {(each.invariant, each.faults) for each in told.violations}


def test_a_saga_that_is_right_is_complete_at_two_faults(explorer):
    search = explorer.search(PAY_AND_SEND)

    assert (search.found, search.reasons, search.is_complete) == ([], [], True)
    assert search.levels == 2


def test_no_state_is_explored_twice(explorer):
    search = explorer.search(PAY_AND_SEND)

    assert search.states < search.graph.paths(2) / 2


def test_a_charge_that_is_repeated_after_it_was_applied_is_found_with_one_fault(explorer):
    """The catalogue says that the service keeps to keys, and it does not."""
    promised = explorer.catalog(pay={"effect": "keyed"})
    lying = explorer.lying(explorer.subject(PAY_AND_SEND, known=promised), pay={"effect": "write"})

    assert ("no-double-effect", 1) in found(explorer.search(lying))


def test_a_missing_undo_is_found_with_one_fault(explorer):
    text = """
    steps:
      paint: {call: shop.paint, with: {}}
      send: {call: shop.send, with: {}}
    """

    search = explorer.search(text)

    assert found(search) == {("undo-is-complete", 1)}
    assert "shop.paint at paint stands, and nothing could take it back" in search.found[0].violation.message


def test_an_effect_that_is_kept_on_purpose_is_not_missed(explorer):
    text = """
    steps:
      paint: {call: shop.paint, with: {}, undo: keep}
      send: {call: shop.send, with: {}}
    """

    assert found(explorer.search(text)) == set()


def test_more_attempts_than_the_policy_allows_are_found_with_one_fault(explorer):
    """The engine is given a program that is more patient than the definition."""
    text = "steps: {look: {call: shop.look, with: {}, retry: {attempts: 2, initial: PT0.1S}}}"
    patient = blocks.program(explorer.workflow(text.replace("attempts: 2", "attempts: 4")))
    subject = explorer.subject(text)
    subject.programs["w"] = patient

    assert found(explorer.search(subject)) == {("retries-within-policy", 1)}


def test_a_recovery_that_goes_round_for_ever_is_found_with_one_fault(explorer):
    text = """
    steps:
      paint: {call: shop.paint, with: {}, optional: true, max_visits: 9000, recover: {by: rule}}
      done:
        switch: [{when: "${has(paint.id)}", then: end}]
        otherwise: paint
        max_visits: 9000
    """

    assert ("ends", 1) in found(explorer.search(text, steps=40))


def test_a_branch_that_reads_a_step_that_did_not_run_is_found_without_a_fault(explorer):
    text = """
    steps:
      which: {decide: "Which way?", options: {short: {then: mark}, long: {then: look}}, otherwise: long}
      look: {call: shop.look, with: {}}
      mark: {call: shop.mark, with: {id: "${look.id}"}}
    """

    search = explorer.search(text)

    assert found(search) == {("expressions-hold", 0)}
    assert not search.is_complete


@pytest.mark.parametrize("bound", [{"states": 3}, {"seconds": 0.0}])
def test_a_search_that_is_cut_short_says_so(explorer, bound):
    search = explorer.search(PAY_AND_SEND, **bound)

    assert not search.is_complete
    assert "was reached" in search.reasons[0]


def test_branches_side_by_side_add_up_and_do_not_multiply(explorer):
    policy = "undo: keep, recover: {by: rule, allow: [fail]}"
    branch = (
        f"{{a: {{call: shop.mark, with: {{}}, {policy}}}, b: {{call: shop.mark, with: {{n: 1}}, {policy}}}}}"
    )
    one = explorer.search(f"steps: {{both: {{parallel: {{x: {branch}}}}}}}", 1)
    two = explorer.search(f"steps: {{both: {{parallel: {{x: {branch}, y: {branch}}}}}}}", 1)

    assert two.is_complete
    assert two.states <= 2 * one.states + 2


@pytest.mark.parametrize(("faults", "more"), [(0, 0), (1, 1)])
def test_each_further_branch_adds_a_few_states_to_those_before(explorer, faults, more):
    """Straight growth where nothing goes wrong; what goes wrong in one branch is met by all after it."""
    branch = "{a: {call: shop.look, with: {}, recover: {by: rule, allow: [fail]}}}"

    def states(count):
        branches = ", ".join(f"x{place}: {branch}" for place in range(count))
        search = explorer.search(f"steps: {{all: {{parallel: {{{branches}}}}}}}", faults)
        assert search.is_complete
        return search.states

    counted = [states(count) for count in (1, 2, 3, 4)]

    added = [after - before for before, after in itertools.pairwise(counted)]
    assert [after - before for before, after in itertools.pairwise(added)] == [more, more]


def test_goods_that_are_sent_unpaid_are_found_with_one_fault(explorer):
    text = """
    steps:
      pay: {call: shop.pay, with: {order: o-1}, optional: true, recover: {by: rule}}
      send: {call: shop.send, with: {order: o-1}}
    invariants:
      never:
      - effects.exists(e, e.operation == 'shop.send') && !effects.exists(e, e.operation == 'shop.pay')
    """

    search = explorer.search(text)

    assert {faults for _, faults in found(search)} == {1}
    assert search.found[0].violation.invariant.startswith("never effects.exists")


def test_an_option_that_should_have_been_excluded_is_found_without_a_fault(explorer):
    text = """
    steps:
      look: {call: shop.look, with: {}}
      which: {decide: "Pay or paint?", options: {pay: {then: pay}, paint: {then: paint}}, otherwise: paint}
      pay: {call: shop.pay, with: {order: o-1}, then: end}
      paint: {call: shop.paint, with: {}, undo: keep}
    invariants:
      always: ["!decisions.exists(d, d.choice == 'pay') || state.look.id == 'paid for'"]
    """

    search = explorer.search(text)

    assert [faults for _, faults in found(search)] == [0]


def test_what_must_hold_at_the_end_need_not_hold_before(explorer):
    text = """
    steps:
      hold: {call: shop.reserve, with: {}}
      send: {call: shop.send, with: {}}
    invariants:
      finally:
      - run.status != 'succeeded' || effects.size() == 2
      - run.status != 'undone' || effects.all(e, e.undone)
    """

    search = explorer.search(text)

    assert (search.found, search.is_complete) == ([], True)


def test_a_fingerprint_that_forgets_what_was_done_is_caught(explorer):
    """States that differ only in the services' books count as one, so that a path is lost."""

    def forgetful(play, point):
        told = fingerprint.told(play, point)
        return fingerprint.written([*told[:1], *told[3:]])

    search = Search(explorer.subject(PAY_AND_SEND), Bounds(faults=1), mark=forgetful, check_share=1.0)
    search.run()

    assert search.checked > 0
    assert "two states that count as one go different ways" in search.reasons[0]


def test_every_state_that_was_pruned_goes_on_as_the_one_that_it_counts_as(explorer):
    search = explorer.search(PAY_AND_SEND)

    assert search.checked > 100
    assert search.reasons == []


def test_what_a_model_would_be_told_of_a_failure_tells_states_apart_while_tokens_are_bounded(explorer):
    """A crash and a silence leave the same doubt, but not in as many words, and words cost tokens."""
    text = """
    budget: {tokens: 20000}
    steps:
      pay: {call: shop.pay, with: {order: o-1}, recover: {allow: [reconcile, person, fail]}}
    """

    search = explorer.search(text)

    assert search.checked > 10
    assert (search.found, search.reasons) == ([], [])


def test_an_effect_that_is_repeated_after_a_crash_is_found_with_one_fault(explorer):
    """The catalogue promises keys that the service does not keep, and only a crash has the call repeated."""
    once = Retry(attempts=1)
    promised = explorer.catalog(pay={"effect": "keyed", "retry": once})
    lying = explorer.lying(
        explorer.subject(PAY_AND_SEND, known=promised), pay={"effect": "write", "retry": once}
    )

    told = exploration.exploration(explorer.search(lying))

    assert [(each.invariant, each.faults) for each in told.violations] == [("no-double-effect", 1)]
    assert "The process ends before the outcome of pay." in told.violations[0].moves


def test_an_answer_that_is_taken_after_its_deadline_is_found_with_one_fault(explorer):
    text = """
    steps:
      ask: {decide: "Which?", by: person, within: PT1H, options: {a: {}, b: {}}, otherwise: b}
    """

    class Lenient(Desk):
        def accepts(self, question, at):
            return True

    strict, lenient = explorer.subject(text), replace(explorer.subject(text), desk=Lenient())

    assert found(explorer.search(strict)) == set()
    assert found(explorer.search(lenient)) == {("answers-are-in-time", 1)}


TWENTY = """
input: {type: object}
steps:
  look1: {call: shop.look, with: {n: 1}}
  look2: {call: shop.look, with: {n: 2}}
  hold1: {call: shop.reserve, with: {n: 1}}
  hold2: {call: shop.reserve, with: {n: 2}}
  hold3: {call: shop.reserve, with: {n: 3}}
  facts:
    parallel:
      left: {look3: {call: shop.look, with: {n: 3}}}
      right: {look4: {call: shop.look, with: {n: 4}}}
  sum: {set: {n: 4}}
  hold4: {call: shop.reserve, with: {n: 4}}
  which: {decide: "Paint it?", options: {paint: {then: paint}, plain: {then: pay}}, otherwise: plain}
  paint: {call: shop.paint, with: {}, undo: keep}
  pay: {call: shop.pay, with: {order: o-1}, recover: {by: rule}}
  send1: {call: shop.send, with: {n: 1}}
  send2: {call: shop.send, with: {n: 2}}
  mark1: {call: shop.mark, with: {n: 1}, undo: keep}
  ask:
    decide: Tell them?
    by: person
    within: P1D
    options: {tell: {then: mark2}, hush: {then: look5}}
    otherwise: hush
  mark2: {call: shop.mark, with: {n: 2}, undo: keep}
  look5: {call: shop.look, with: {n: 5}}
  done: {set: {all: true}}
invariants:
  finally:
  - run.status != 'succeeded' || effects.exists(e, e.operation == 'shop.pay')
  - run.status != 'undone' || effects.all(e, e.undone || e.operation in ['shop.paint', 'shop.mark'])
"""


def test_a_right_workflow_of_twenty_steps_is_complete_at_two_faults(explorer):
    search = Search(explorer.subject(TWENTY), Bounds(faults=2))
    search.run()
    told = exploration.exploration(search)

    assert (told.status, told.violations, told.reasons) == ("COMPLETE", (), ())
    assert told.coverage.steps.total == 20
    assert [told.coverage.steps.missing, told.coverage.edges.missing, told.coverage.options.missing] == [
        ()
    ] * 3


BRANCHES = {
    "hold": "{hold: {call: shop.reserve, with: {n: 1}, recover: {by: rule}}}",
    "pay": "{pay: {call: shop.pay, with: {order: o-1}, recover: {by: rule}}}",
    "look": "{look: {call: shop.look, with: {}, optional: true, recover: {by: rule}}}",
}


def ends(search):
    """Return how runs ended, whatever the services' books looked like then."""
    return sorted(set(search.graph.ends.values()))


@pytest.mark.parametrize("names", list(itertools.combinations(BRANCHES, 2)))
def test_branches_in_another_order_come_to_the_same(explorer, names):
    """One order stands for all: what is wrong and what is covered do not depend on which is first."""

    def searched(order):
        branches = ", ".join(f"{name}: {BRANCHES[name]}" for name in order)
        steps = f"both: {{parallel: {{{branches}}}}}, send: {{call: shop.send, with: {{}}}}"
        return explorer.search(f"steps: {{{steps}}}", 1)

    one, other = searched(names), searched(tuple(reversed(names)))

    told, also = exploration.exploration(one), exploration.exploration(other)
    assert (told.status, found(one), ends(one)) == (also.status, found(other), ends(other))
    assert told.coverage.outcomes.missing == also.coverage.outcomes.missing
    assert told.coverage.positions == also.coverage.positions
