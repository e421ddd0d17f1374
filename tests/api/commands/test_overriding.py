"""Tests of `planner override`."""

import asyncio

import pytest

from api.commands import options
from graphs import wiring
from graphs.intake import RunRequest, begin
from planner.store import runs

HELD = """
workflow: held
steps:
  pick:
    decide: Which one?
    options: {left: {then: a}, right: {then: b}}
    otherwise: left
    override_within: PT10M
  a: {set: {x: 1}, then: end}
  b: {set: {x: 2}}
output: "${pick.choice}"
"""


@pytest.fixture
def decision(desk):
    """Return the id of the decision of a run that waits for an override."""
    desk.write("workflows/held.yaml", HELD)
    config = options.configured(desk.folder, desk.database)
    asyncio.run(_moved(config))
    (found,) = desk("decisions", "--json").data["items"]
    return found["decision_id"]


async def _moved(config):
    async with wiring.open_services(config) as opened, asyncio.timeout(10):
        begun = await begin(RunRequest(workflow="held"), opened.parts, opened.dispatcher, started_by="test")
        while (await opened.parts.database.read(runs.get, begun.run.id)).status != "waiting":
            await opened.dispatcher.signals.wait(begun.run.id, 0.1)


def test_an_override_moves_the_run_on_with_the_other_option(desk, decision):
    said = desk("override", decision, "right", "--comment", "nearer", "--actor", "u-7")

    assert said.code == 0
    assert "u-7 overrode pick with right" in said.out
    assert "Result: succeeded" in said.out
    assert '"right"' in said.out


def test_an_override_can_leave_the_moving_to_others(desk, decision):
    said = desk("override", decision, "right", "--no-wait")

    assert said.code == 0
    assert "is moved on by a server, or by: planner resume" in said.out


def test_what_cannot_be_overridden_is_told(desk, decision):
    assert desk("override", decision, "nix").code == 1
    assert desk("override", "nix", "right").code == 5
    assert desk("override", decision, "right", "--comment", "x" * 4001).code == 2
    assert desk("override", decision, "right").code == 0
    late = desk("override", decision, "right")
    assert late.code == 1
    assert "has ended as succeeded" in late.err
