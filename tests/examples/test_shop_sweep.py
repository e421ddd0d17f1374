"""The sweep finds nothing in the engine, and finds what is broken on purpose."""

import json
from typing import Any

import pytest

from examples.shop import sweep
from graphs.wiring import Opened
from planner.journal import Append

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(600)]


def scenario(name: str) -> sweep.Scenario:
    return next(each for each in sweep.SCENARIOS if each.name == name)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_notice_is_sent_once_wherever_its_processes_are_killed_or_paused(database, capsys, request):
    if database == "postgresql":
        request.getfixturevalue("postgresql_server")  # skips where none is installed

    assert sweep.main(["--only", "notice", "--database", database, "--jobs", "2"]) == 0

    *table, last = capsys.readouterr().out.splitlines()
    figures = json.loads(last)
    assert (figures["database"], figures["workflows"]) == (database, 1)
    assert figures["positions"] - figures["pairs"] >= 15
    assert figures["pairs"] >= 5
    assert (figures["duplicates"], figures["losses"]) == (0, 0)
    assert table[0].startswith("notice")


def drop_intentions(opened: Opened) -> None:
    """Break the engine: what is about to be sent is not written down first."""
    parts: Any = opened.parts
    inner = parts.database.submit

    def submit(unit: Append) -> Any:
        kept = tuple(each for each in unit.entries if each.entry.kind != "intention")
        return inner(unit._replace(entries=kept))

    parts.database.submit = submit


def forget_keys(opened: Opened) -> None:
    """Break the engine: every attempt bears another key."""
    parts: Any = opened.parts
    inner = parts.caller.call

    async def call(operation: Any, arguments: Any, *, key: str | None = None, **more: Any) -> Any:
        fresh = None if key is None else opened.parts.new_id()
        return await inner(operation, arguments, key=fresh, **more)

    parts.caller.call = call


def test_an_engine_that_writes_down_no_intentions_is_found_out():
    found = sweep.sweep([scenario("checkout")], positions=40, sabotage=drop_intentions)

    assert sum(each.duplicates for each in found) > 0


def test_an_engine_that_forgets_its_keys_is_found_out():
    found = sweep.sweep([scenario("checkout")], positions=40, sabotage=forget_keys)

    assert sum(each.duplicates for each in found) > 0
