import textwrap
from datetime import UTC, datetime, timedelta

import pytest

from evals import jobs, load, runner
from evals.events import ScriptedEvent, ScriptedEvents
from planner.events import Wanted

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def wanted(**more):
    told = {"since": START, "opened": START, "until": None} | more
    return Wanted(run_id="r", path="pay", visit=1, tenant="default", type="paid", **told)


def scripted(*events):
    return ScriptedEvents([ScriptedEvent(**event) for event in events], START)


def test_an_event_arrives_when_its_time_has_come():
    events = scripted({"type": "paid", "after": "PT2H", "data": {"n": 1}}, {"type": "sent"})

    assert events.next(START) == START + timedelta(hours=2)
    assert events.arrived(wanted(), START) == []
    (kept,) = events.arrived(wanted(), START + timedelta(hours=2))
    assert (kept.id, kept.event.id, kept.event.data) == ("event-0", "event-0", {"n": 1})
    assert events.next(START + timedelta(hours=2)) is None


def test_an_event_that_is_too_old_or_too_late_does_not_count():
    events = scripted({"type": "paid", "after": "-PT1H"}, {"type": "paid", "after": "PT3H"})
    until = START + timedelta(hours=2)

    assert events.arrived(wanted(until=until), START + timedelta(hours=9)) == []
    early = wanted(since=START - timedelta(hours=1))
    assert [kept.id for kept in events.arrived(early, START)] == ["event-0"]


def test_an_event_that_is_told_twice_arrives_once():
    events = scripted({"type": "paid", "id": "p"}, {"type": "paid", "id": "p"})

    assert len(events.arrived(wanted(), START)) == 1


def test_events_that_no_step_took_are_told():
    events = scripted({"type": "paid"}, {"type": "paid", "after": "PT1H"})
    events.take("event-0")
    events.take(None)

    assert len(events.unused()) == 1
    assert "event-1 of type 'paid'" in events.unused()[0]


CASES = """
- id: paid
  input: {order: o-1}
  events:
    - {type: paid, after: P1D, data: {order: o-2, amount: 1}, taken: false}
    - {type: paid, after: P2D, data: {order: o-1, amount: 7}}
  expect: {status: succeeded, output: 7}
- id: late
  input: {order: o-1}
  events: [{type: paid, after: P4D, data: {order: o-1}, taken: false}]
  expect: {status: undone}
"""
WORKFLOW = """
workflow: paying
input: {type: object, required: [order], properties: {order: {type: string}}}
steps:
  pay: {receive: paid, when: "${event.data.order == input.order}", within: P3D, otherwise: late}
  note: {set: {amount: "${pay.data.amount}"}, then: end}
  late: {fail: never paid}
output: "${has(note.amount) ? note.amount : 0}"
"""


@pytest.fixture
def play(tmp_path):
    """Return what plays cases of a workflow that waits for an event."""
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "paying.yaml").write_text(WORKFLOW)
    (tmp_path / "catalog.yaml").write_text("services: {}\n")
    file = tmp_path / "paying.eval.yaml"

    def run(text, engine="driver"):
        head = "schema: evals/1\nsuite: paying\nworkflow: paying\ncases:\n"
        file.write_text(head + textwrap.indent(text, "  "))
        return [runner.run(job, engine=engine) for job in jobs.listed(load.load([file]))]

    return run


@pytest.mark.parametrize("engine", ["driver", "langgraph"])
def test_a_case_tells_which_events_come_and_which_are_left(play, engine):
    assert [result.reason for result in play(CASES, engine)] == ["", ""]


def test_an_event_that_is_left_unsaid_or_taken_unsaid_fails_the_case(play):
    turned = CASES.replace(", taken: false", "").replace("amount: 7}", "amount: 7}, taken: false")

    first, second = play(turned)

    assert "was taken by no step" in second.reason
    assert first.status == "failed"
