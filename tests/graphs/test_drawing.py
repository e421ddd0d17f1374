"""Drawing: the path of a run stands out, whatever the run did."""

import asyncio

import pytest

from graphs import retracing
from graphs.drawing import draw
from graphs.loading import Loaded
from graphs.parts import Parts
from graphs.retracing import Recording
from graphs.testing import DOWN, LOST, REFUSED
from planner.decisions import Decision
from planner.definition import Workflow
from tools.outcomes import Outcome


def played(world, steps, script=None, model=None, given=None, **more):
    """Run a workflow on the engine and return the drawing with its path."""
    bench = world.bench(steps, script, model, given, **more)
    workflow, catalog = bench.workflow, bench.catalog
    ended = asyncio.run(bench.once())
    run = bench.context().run.model_copy(update={"status": ended.status})
    loaded = Loaded(run, catalog, workflow, {}, bench.entries, bench.questions)
    decided = [Decision.model_validate(each) for each in bench.decisions]
    parts = Parts(
        database=None,
        catalog=catalog,
        caller=bench.caller,
        decider=bench.decider,
        clock=bench.clock,
        new_id=lambda: "x",
        worker="w",
    )
    calls = len(bench.caller.calls)
    trace = asyncio.run(retracing.retrace(Recording(run, loaded, decided), parts))
    assert len(bench.caller.calls) == calls, "retracing must call nothing"
    assert sorted(move.path for move in trace.moves if not move.skipped) == sorted(bench.trail)
    return draw(workflow, trace)


@pytest.fixture
def play(world):
    """Return what plays a workflow over the engine's small catalogue."""

    def run(steps, script=None, model=None, given=None, **more):
        return played(world, steps, script, model, given, **more)

    return run


def states(drawing):
    return {node.id: node.state for node in drawing.nodes if not node.id.startswith("(")}


def taken(drawing):
    return {(edge.source, edge.target) for edge in drawing.edges if edge.visits}


def test_the_chosen_way_stands_out_and_the_others_do_not(play):
    drawing = play(
        """
pick: {decide: Which, options: {left: {then: a}, right: {then: b}}, otherwise: left}
a: {call: shop.look, then: end}
b: {call: shop.find}
""",
        model={"test/pick": "right"},
    )

    assert states(drawing) == {"pick": "done", "a": "untouched", "b": "done"}
    assert taken(drawing) == {("(start)", "pick"), ("pick", "b"), ("b", "(end)")}
    (note,) = next(node.notes for node in drawing.nodes if node.id == "pick")
    assert note.startswith("chose: right, by model")


def test_two_options_that_lead_to_one_step_are_told_apart(play):
    drawing = play(
        """
pick: {decide: Which, options: {left: {then: a}, right: {then: a}}, otherwise: left}
a: {set: {x: "${pick.choice}"}}
""",
        model={"test/pick": "right"},
    )

    assert [edge.label for edge in drawing.edges if edge.visits and edge.source == "pick"] == ["right"]


def test_a_switch_and_a_skipped_step_leave_no_entry_and_are_shown_all_the_same(play):
    drawing = play(
        """
sort: {switch: [{when: "${input.n > 3}", then: big}], otherwise: small}
big: {set: {x: 1}, then: end}
small: {set: {x: 2}}
maybe: {set: {x: 3}, if: "${input.n > 5}"}
""",
        given={"n": 1},
    )

    assert states(drawing) == {"sort": "done", "big": "untouched", "small": "done", "maybe": "skipped"}
    assert ("small", "maybe") in taken(drawing)
    assert ("maybe", "(end)") in taken(drawing)


def test_branches_and_items_are_laid_over_each_other(play):
    drawing = play(
        """
several:
  parallel:
    left: {a: {call: shop.look}, b: {set: {x: 1}}}
    right: {c: {call: shop.find}}
each: {foreach: "${input.lines}", steps: {mark: {call: shop.mark}, more: {set: {x: 1}}}}
""",
        given={"lines": [1, 2, 3]},
    )

    visits = {node.id: node.visits for node in drawing.nodes}
    assert set(states(drawing).values()) == {"done"}
    assert visits["each.mark"] == 3
    assert ("several.left.a", "several.left.b") in taken(drawing)
    assert next(edge.visits for edge in drawing.edges if edge.source == "each.mark") == 3


def test_a_cycle_counts_its_rounds(play):
    drawing = play(
        """
look: {call: shop.look, max_visits: 3}
count: {set: {n: "${(has(count.n) ? count.n : 0) + 1}"}, max_visits: 3}
again: {switch: [{when: "${count.n < 3}", then: look}], otherwise: end, max_visits: 3}
"""
    )

    back = next(edge for edge in drawing.edges if (edge.source, edge.target) == ("again", "look"))
    assert back.visits == 2
    assert {node.visits for node in drawing.nodes if node.id in {"look", "count", "again"}} == {3}


def test_a_run_that_failed_shows_where_and_what_was_taken_back(play):
    drawing = play(
        "pay: {call: shop.pay, with: {order: o-1}}\nlook: {call: shop.blind}\nafter: {set: {x: 1}}",
        script={"shop.pay": [Outcome(kind="applied", output={"id": "p"})], "shop.blind": [REFUSED]},
    )

    assert drawing.status == "undone"
    assert states(drawing) == {"pay": "undone", "look": "failed", "after": "untouched"}
    notes = {node.id: node.notes for node in drawing.nodes}
    assert notes["pay"] == ("taken back by shop.refund",)
    assert any(note.startswith("recovery: fail") for note in notes["look"])


def test_a_failure_deep_inside_marks_what_holds_it(play):
    drawing = play(
        "each: {foreach: '${input.lines}', steps: {mark: {call: shop.mark}}}",
        script={"shop.mark": [REFUSED]},
        given={"lines": [1]},
    )

    assert states(drawing) == {"each": "failed", "each.mark": "failed"}


def test_a_run_that_waits_shows_for_what(play):
    drawing = play(
        """
look: {call: shop.look}
ask: {decide: Go, by: person, options: {yea: {then: go}, nay: {then: end}}, otherwise: nay}
go: {set: {x: 1}}
"""
    )

    assert drawing.status == "waiting"
    assert states(drawing) == {"look": "done", "ask": "current", "go": "untouched"}


def test_a_call_in_doubt_that_was_looked_up_is_done(play):
    drawing = play(
        """
pay:
  call: shop.pay
  with: {order: o-1}
  recover: {decide: What now, otherwise: reconcile}
""",
        script={
            "shop.pay": [LOST],
            "shop.find": [Outcome(kind="applied", output={"items": [{"id": "p-1"}]})],
        },
    )

    assert states(drawing) == {"pay": "done"}


def test_a_repeated_call_is_followed_without_waiting(play):
    drawing = play(
        "look: {call: shop.look}", script={"shop.look": [DOWN, Outcome(kind="applied", output={})]}
    )

    assert states(drawing) == {"look": "done"}
    assert taken(drawing) == {("(start)", "look"), ("look", "(end)")}


def test_a_drawing_without_a_run_says_nothing_of_one(play):
    workflow = Workflow.model_validate({"workflow": "test", "steps": {"a": {"set": {"x": 1}}}})

    drawing = draw(workflow)

    assert drawing.run_id is None
    assert {node.state for node in drawing.nodes} == {"untouched"}
