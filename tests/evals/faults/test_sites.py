"""Every decision and call of a workflow is a place, those of workflows that it runs and stand-ins too."""

from evals.explore.search import Bounds
from evals.faults import sites
from evals.faults.sites import Place


def test_places_are_found_through_other_workflows_and_through_what_goes_wrong_before(subject):
    found = sites.find(subject, Bounds(faults=1))

    assert set(found.reached) == {
        Place("call", "held", "bank.hold"),
        Place("call", "held", "bank.look"),
        Place("decision", "inner.which"),
        Place("call", "inner.refund", "bank.refund"),
        Place("decision", "inner.refund"),
    }
    assert found.reached[Place("call", "held", "bank.hold")].cost == (0, 0)
    assert found.reached[Place("call", "held", "bank.look")].cost[0] == 1
    assert found.reached[Place("call", "inner.refund", "bank.refund")].cost[0] == 0


def test_what_no_path_comes_to_is_told_with_the_reason(subject):
    found = sites.find(subject, Bounds(faults=1))

    assert found.missed == (Place("call", "inner.never", "bank.look"),)
    assert found.reason == "no path comes to it with at most 1 fault before it (every path was taken)"


def test_without_a_fault_before_it_nothing_stands_in_for_a_call(subject):
    found = sites.find(subject, Bounds(faults=0))

    assert Place("call", "held", "bank.look") in found.missed
