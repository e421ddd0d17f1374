"""A run begins with the definition that new runs get at that moment."""

import asyncio

import pytest

from graphs.testing import process, register, settled, start
from planner.clock import SystemClock
from planner.errors import InputInvalid, VersionClosed
from planner.store import versions

FIRST, SECOND = "only: {set: {answer: first}}", "only: {set: {answer: second}}"
NUMBER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


async def _answer(dispatcher, **given):
    run = await settled(dispatcher, await start(dispatcher, workflow="test", input=given))
    return run.workflow.version, run.output["answer"]


def test_a_version_that_was_registered_meanwhile_is_taken_at_once(database, catalog):
    async def main():
        async with process(database, catalog) as dispatcher:
            register(database, FIRST, output={"answer": "${only.answer}"})
            before = [await _answer(dispatcher) for _ in range(2)]
            register(database, SECOND, version="2.0.0", output={"answer": "${only.answer}"})
            return before, await _answer(dispatcher)

    assert asyncio.run(main()) == ([("1.0.0", "first")] * 2, ("2.0.0", "second"))


def test_a_version_that_was_closed_meanwhile_begins_nothing(database, catalog):
    async def main():
        async with process(database, catalog) as dispatcher:
            register(database, FIRST, output={"answer": "${only.answer}"})
            await _answer(dispatcher)
            now = SystemClock().now()
            database.write_sync(versions.change, "test", "1.0.0", "draining", actor="u-1", now=now)
            with pytest.raises(VersionClosed):
                await _answer(dispatcher)

    asyncio.run(main())


def test_an_input_that_only_the_newer_version_takes_begins_it(database, catalog):
    async def main():
        async with process(database, catalog) as dispatcher:
            register(database, FIRST, input=NUMBER, output={"answer": "${only.answer}"})
            await _answer(dispatcher, n=1)
            with pytest.raises(InputInvalid):
                await _answer(dispatcher)
            register(database, SECOND, version="2.0.0", output={"answer": "${only.answer}"})
            return await _answer(dispatcher)

    assert asyncio.run(main()) == ("2.0.0", "second")
