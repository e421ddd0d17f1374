"""Plays: a person cancels the run at any point, and what it did is taken back, where that is asked."""

from dataclasses import replace

import pytest

from evals.explore import exploration, export, graph, walk
from evals.explore.prospects import CANCEL

SAGA = """
steps:
  hold: {call: shop.reserve, with: {order: o-1}}
  pay: {call: shop.pay, with: {order: o-1}, recover: {by: rule}}
  ask: {decide: "Go on?", by: person, within: P1D, options: {go: {}, stop: {then: end}}, otherwise: stop}
  send: {call: shop.send, with: {order: o-1}}
"""
NO_UNDO = """
steps:
  paint: {call: shop.paint, with: {}}
  look: {call: shop.look, with: {}, optional: true, recover: {by: rule}}
"""
NEVER_LEFT = """
invariants: {finally: ["run.status != 'cancelled' || size(effects) == 0"]}
"""
BESIDE = """
steps:
  both:
    parallel:
      left: {a: {call: shop.reserve, with: {n: 1}}, b: {call: shop.reserve, with: {n: 2}}}
      right: {c: {call: shop.send, with: {n: 3}}}
"""


def cancelled(explorer, text, **more):
    return replace(explorer.subject(text), cancels=True, **more)


def cases(search):
    """Return each way on which a person cancels the run, walked again and written down as a case."""
    for edge in search.graph.edges:
        if any(move.kind == "cancel" or move.option == CANCEL.name for move in edge.moves):
            moves = (*graph.moves(search.graph.shortest(edge.source)), *edge.moves)
            path = walk.walk(search.subject, search.subject.scenarios[0], moves)
            yield path, export.case(path, name="c", title="t", expect={})


@pytest.mark.parametrize(("text", "faults"), [(SAGA, 1), (SAGA, 2), (BESIDE, 2)])
def test_a_run_that_is_cancelled_at_any_point_is_taken_back(explorer, text, faults):
    search = explorer.search(cancelled(explorer, text), faults)

    assert (search.found, search.reasons) == ([], [])
    assert "cancelled" in search.graph.ends.values()
    assert exploration.exploration(search).bounds["cancels"] == 1


def test_nobody_cancels_a_run_unless_that_is_asked_for(explorer):
    assert "cancelled" not in explorer.search(SAGA, 1).graph.ends.values()


def test_cancelling_between_steps_of_branches_leaves_nothing_either(explorer):
    search = explorer.search(cancelled(explorer, BESIDE, all_orders=True), 1)

    assert (search.found, search.reasons) == ([], [])


def test_an_effect_without_an_undo_may_stand_once_a_person_cancelled_the_run_and_is_named(explorer):
    search = explorer.search(cancelled(explorer, NO_UNDO), 1)

    assert (search.found, search.reasons) == ([], [])
    assert any("shop.paint" in path.ended.error for path, _ in cases(search) if path.ended.error)


def test_what_only_a_cancelled_run_breaks_is_found_with_one_fault(explorer):
    search = explorer.search(cancelled(explorer, NO_UNDO + NEVER_LEFT), 1)
    (found,) = exploration.exploration(search).violations

    assert explorer.search(NO_UNDO + NEVER_LEFT, 1).found == []
    assert (found.invariant[:7], found.faults) == ("finally", 1)
    assert found.moves[-1] == "A person cancels the run after the outcome of paint."


def test_a_cancelled_way_is_a_case_that_says_when(explorer):
    search = explorer.search(cancelled(explorer, SAGA), 1)
    told = [(path.ended.status, case["cancel"]) for path, case in cases(search)]

    assert ("cancelled", {"entry": "started", "step": ""}) in told
    assert ("cancelled", {"entry": "outcome", "step": "hold"}) in told
    assert ("cancelled", {"entry": "asked", "step": "ask"}) in told
