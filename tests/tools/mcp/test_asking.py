import asyncio

import orjson
import pytest

from tools.access import SecretName
from tools.errors import Unlisted
from tools.mcp import asking
from tools.routes import Reach

REACH = Reach(lambda _name: "add-line")


def test_a_program_is_started_asked_and_ended(desk):
    told = orjson.loads(asyncio.run(asking.ask(desk.service(), REACH)))

    assert told["serverInfo"] == {"name": "badly", "version": "1.2.3"}
    assert [tool["name"] for tool in told["tools"]] == ["add-line", "say"]


def test_a_secret_that_the_server_lists_does_not_get_out(desk):
    service = desk.service(env={"TOKEN": SecretName(secret="DESK_TOKEN")})

    assert b"add-line" not in asyncio.run(asking.ask(service, REACH))


def test_a_server_that_does_not_start_tells_nothing(desk):
    with pytest.raises(Unlisted, match="desk"):
        asyncio.run(asking.ask(desk.service(env={"REFUSE": "1"}), REACH))
