"""Cases are played on the real engine: resumed from the journal, replayed, and alike on both engines."""

import pytest

from evals import stage
from evals.cases import setting
from evals.errors import LimitReached, ReplayDiffers

CASE = """
- id: all-of-it
  input: {order: o-1, amount: 5.0}
  model: {how: ask, charge: reconcile}
  person: {clerk: card}
  services:
    bank.look: [{fault: connect}, {return: {id: l-1, amount: 1}}]
    bank.charge: [{fault: timeout, applied: false}, {return: {id: c-1, amount: 5.0}}]
    bank.find: {return: {items: []}}
  expect: {status: succeeded, output: {id: c-1}}
"""


def played(desk, *, engine="driver", cases=CASE):
    job = desk.jobs(cases)[0]
    found = setting(job.loaded.suite, job.case)
    return stage.play(found, desk.project, stage.Scripts(found), engine=engine)


@pytest.mark.parametrize("engine", sorted(stage.ENGINES))
def test_a_run_is_taken_up_from_its_journal_whenever_it_waited(desk, engine):
    trace = played(desk, engine=engine)
    assert (trace.status, trace.output) == ("succeeded", {"id": "c-1"})
    assert trace.executions == 3
    assert trace.path == ("seen", "how", "clerk", "charge", "after")


def test_every_execution_of_a_case_is_the_same(desk):
    first, second = played(desk), played(desk)
    assert first.model_dump(exclude={"decisions", "effects"}) == second.model_dump(
        exclude={"decisions", "effects"}
    )
    assert first.run_id[14] == "7"


def test_both_engines_give_the_same_trace(desk):
    one, other = played(desk, engine="driver"), played(desk, engine="langgraph")
    assert one.entries == other.entries
    assert one.calls == other.calls


def test_a_seed_changes_ids_and_nothing_else(desk):
    other = played(desk, cases=CASE.replace("  input", "  seed: 8\n  input", 1))
    assert other.run_id != played(desk).run_id
    assert other.path == played(desk).path


def test_the_clock_of_a_case_is_the_clock_of_its_run(desk):
    trace = played(desk, cases=CASE.replace("  input", "  clock: 2030-02-03T04:05:06Z\n  input", 1))
    assert trace.entries[0].at.isoformat() == "2030-02-03T04:05:06+00:00"


@pytest.mark.parametrize("limit", ["steps: 2", "virtual_s: 60"])
def test_a_limit_stops_the_case(desk, limit):
    with pytest.raises(LimitReached, match=limit.partition(":")[0]):
        played(desk, cases=CASE.replace("  input", f"  limits: {{{limit}}}\n  input", 1))


def test_a_run_that_replays_otherwise_is_told(desk):
    job = desk.jobs(CASE)[0]
    found = setting(job.loaded.suite, job.case)

    drive = stage.plain.execute

    async def forgetful(frame, ctx):
        way = await drive(frame, ctx)
        if way == "end" and not any(entry.kind == "finished" for _, entry in ctx.recorded.numbered):
            await ctx.record("timer", "extra", len(ctx.recorded.numbered), 1, {"due": "2026"})
        return way

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage.plain, "execute", forgetful)
        with pytest.raises(ReplayDiffers):
            stage.play(found, desk.project, stage.Scripts(found), engine="langgraph")
