import asyncio

import pytest

from tools.mcp.errors import Garbled, Unreached
from tools.mcp.session import Session
from tools.routes import Reach

REACH = Reach(lambda _name: None)


def play(desk, main, **env):
    async def whole():
        session = Session(desk.service(env=env), REACH)
        try:
            return await main(await session.opened())
        finally:
            await session.close()

    return asyncio.run(whole())


def test_every_page_of_the_list_of_tools_is_read(desk):
    async def main(session):
        return [tool["name"] for tool in await session.tools()], session.server["name"]

    assert play(desk, main, PAGES="3") == (["say", "add-line"], "badly")


def test_a_list_of_tools_without_an_end_is_given_up(desk):
    async def main(session):
        with pytest.raises(Garbled, match="100 pages"):
            await session.tools()

    play(desk, main, PAGES="1000")


def test_a_retired_session_answers_who_waits_and_nobody_else(desk):
    async def main(session):
        waiting = asyncio.ensure_future(session.call("say", {"text": "a"}))
        await asyncio.sleep(0)
        session.retire()
        with pytest.raises(Unreached):
            await session.call("say", {})
        return await waiting

    assert play(desk, main)["content"][0]["text"] == "said a"


def test_closing_tells_whoever_still_waits(desk):
    async def main(session):
        waiting = asyncio.ensure_future(session.call("hang", {}))
        await asyncio.sleep(0.2)
        await session.close()
        with pytest.raises(Unreached):
            await waiting

    play(desk, main)
