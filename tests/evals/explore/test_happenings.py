"""Events that come, early, twice, late or never."""

import shutil
from dataclasses import replace
from pathlib import Path

from evals.explore import exploration, files
from evals.explore.points import Move
from evals.explore.search import Bounds, Search
from evals.explore.subject import of_folder
from evals.explore.walk import walk
from planner.events import Event

PAID = """
input: {type: object}
steps:
  hold: {call: shop.reserve, with: {order: o-1}}
  paid:
    receive: shop.paid
    when: "event.data.order == input.order && event.subject == 'money'"
    within: P1D
    otherwise: gone
  send: {call: shop.send, with: {order: "${paid.data.order}"}, then: end}
  gone: {fail: "Nobody paid."}
"""
GIVEN = {"order": "o-1"}


def told(explorer, text, faults=1, events=()):
    subject = explorer.subject(text, given=GIVEN)
    shaped = subject.scenarios[0]._replace(events=events)
    search = explorer.search(replace(subject, scenarios=(shaped,)), faults)
    return search, exploration.exploration(search)


def test_an_event_is_made_up_from_its_condition_and_comes_in_every_way(explorer):
    search, found = told(explorer, PAID)

    happened = {move.option for edge in search.graph.edges for move in edge.moves}
    ways = {"comes", "comes twice", "does not come in time", "comes too late"}
    assert (found.status, found.violations) == ("COMPLETE", ())
    assert {f"shop.paid for paid {way}" for way in ways} | {"came before", "has not come yet"} <= happened
    assert found.coverage.edges.missing == ()


def test_without_a_fault_the_event_comes(explorer):
    _, found = told(explorer, PAID, 0)

    assert found.coverage.steps.missing == ("gone",)


def test_an_event_that_never_comes_leaves_the_run_waiting(explorer):
    search, found = told(explorer, "steps: {paid: {receive: shop.paid}}")

    assert found.status == "COMPLETE"
    assert set(search.graph.ends.values()) == {"succeeded", "waiting"}


def test_what_nobody_tells_of_an_event_leaves_the_search_incomplete(explorer):
    text = PAID.replace("paid.data.order}", "paid.data.amount}")

    _, found = told(explorer, text)

    assert found.status == "INCOMPLETE"
    assert "nobody tells what data.amount is" in found.reasons[0]
    assert found.coverage.steps.missing == ("send",)


def test_a_condition_for_which_no_event_is_found_leaves_the_search_incomplete(explorer):
    text = "steps: {paid: {receive: shop.paid, when: 'event.data.amount > 5.0', within: PT1H}}"

    _, found = told(explorer, text)

    assert found.status == "INCOMPLETE"
    assert "write one in a case's `events`" in found.reasons[0]


def test_an_event_of_a_case_is_made_to_fit(explorer):
    text = PAID.replace("paid.data.order}", "paid.data.amount}")
    other = Event(id="e", source="/pay", type="shop.paid", data={"order": "o-9", "amount": 5})

    _, found = told(explorer, text, events=(other,))

    assert (found.status, found.violations) == ("COMPLETE", ())


def test_an_event_that_comes_twice_is_taken_by_the_next_step_that_waits(explorer):
    text = """
    steps:
      one: {receive: shop.paid}
      two: {receive: shop.paid, within: PT1H, otherwise: end}
    """
    subject = explorer.subject(text)
    moves = [
        Move("event", "shop.paid for one", "has not come yet"),
        Move("person", "waiting", "shop.paid for one comes twice", 1),
        Move("event", "shop.paid for two", "has not come yet"),
    ]

    path = walk(subject, subject.scenarios[0], moves)

    taken = [each.entry.entry.body for each in path.state.units if each.entry.entry.kind == "event"]
    assert [body["event_id"] for body in taken] == ["event-0", "event-1"]


def test_a_path_with_an_event_is_a_case_that_fails_for_the_same_reason_in_production(folder, tmp_path):
    text = """
    workflow: settle
    steps:
      paid: {receive: bank.paid, within: PT1H, otherwise: end}
      pay: {call: bank.charge, with: {order: o-1, amount: 2.5}, recover: {by: rule}}
    invariants: {never: ["effects.exists(e, e.operation == 'bank.charge')"]}
    """
    own = Path(shutil.copytree(folder, tmp_path / "project"))
    (own / "workflows" / "settle.yaml").write_text(text)
    search = Search(of_folder(own, "settle"), Bounds(faults=1))
    search.run()

    written = files.counterexamples(search, list(exploration.fewest(search)), tmp_path, own)

    assert [each.reproduced for each in written] == [True]
