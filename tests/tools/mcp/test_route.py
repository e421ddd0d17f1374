import asyncio
import logging
import os
import signal
import time
from datetime import timedelta

import pytest

from tools.access import Breaker, SecretName
from tools.mcp.route import McpRoute
from tools.operations import FunctionBinding
from tools.requests import Unbuildable
from tools.routes import Home, Reach

REACH = Reach(lambda _name: None)

SECRET = "tok-very-secret-1234"


def play(main, desk, **changes):
    """Run `main(services)` over the desk's server."""

    async def whole():
        async with desk.services(**changes) as opened:
            return await main(opened)

    return asyncio.run(whole())


def once(operation, arguments=None, **how):
    async def main(opened):
        return await opened.call(operation, arguments or {}, **how)

    return main


def found(outcome):
    return outcome.kind, outcome.code


def test_a_tool_without_a_schema_answers_its_content(desk, tool):
    outcome = play(once(tool("say"), {"text": "tea"}), desk)

    assert found(outcome) == ("applied", None)
    assert outcome.output == {"content": [{"type": "text", "text": "said tea"}]}


def test_a_tool_with_a_schema_answers_its_structured_content(desk, tool):
    text = {"type": "object", "properties": {"text": {"type": "string"}}}
    outcome = play(once(tool("add-line", output=text), {"text": "tea"}), desk)

    assert outcome.output == {"text": "tea"}


@pytest.mark.parametrize(
    ("name", "code"),
    [("untyped", "schema"), ("say", "body"), ("garble", "body")],
    ids=["type", "none", "form"],
)
def test_an_answer_against_its_schema_was_applied_all_the_same(desk, tool, name, code):
    text = {"type": "object", "properties": {"text": {"type": "string"}}}

    assert found(play(once(tool(name, output=text)), desk)) == ("applied_bad", code)


@pytest.mark.parametrize("name", ["fail", "refuse"])
@pytest.mark.parametrize(
    ("effect", "kind"),
    [("read", "rejected"), ("idempotent", "unknown"), ("write", "unknown"), ("irreversible", "unknown")],
)
def test_what_a_failed_tool_has_done_is_unknown_unless_it_only_reads(desk, tool, name, effect, kind):
    outcome = play(once(tool(name, effect=effect), {"text": "x"}), desk)

    assert found(outcome) == (kind, {"fail": "tool_error", "refuse": "rpc_-32602"}[name])
    assert "no: x" in outcome.error or "not like that" in outcome.error


def test_a_tool_that_the_server_does_not_know_was_not_begun(desk, tool):
    assert found(play(once(tool("gone")), desk)) == ("rejected", "rpc_-32601")


def test_errors_of_tools_do_not_speak_against_the_servers_health(desk, tool):
    async def main(opened):
        for _ in range(3):
            await opened.call(tool("fail"), {})
        return opened.unavailable("desk")

    assert play(main, desk, service=desk.service(breaker=Breaker(failures=2))) is None


def test_a_program_that_cannot_be_started_leaves_the_call_unsent(desk, tool):
    service = desk.service()
    missing = service.process.model_copy(update={"command": ("/nowhere/at-all",)})

    outcome = play(once(tool("say")), desk, service=service.model_copy(update={"process": missing}))

    assert found(outcome) == ("not_sent", "connect")
    assert "/nowhere/at-all" in outcome.error


def test_a_program_that_ends_at_once_is_quoted_without_its_secrets(desk, tool):
    service = desk.service(env={"REFUSE": "1", "TOKEN": SecretName(secret="DESK_TOKEN")})

    outcome = play(once(tool("say")), desk, service=service, secret=lambda _name: SECRET)

    assert found(outcome) == ("not_sent", "connect")
    assert "it wrote: begun with [secret]" in outcome.error


def test_a_program_that_was_killed_between_two_calls_is_started_again(desk, tool):
    async def main(opened):
        first = await opened.call(tool("say"), {"text": "a"})
        os.kill(desk.calls[0][0], signal.SIGKILL)
        await asyncio.sleep(0.2)
        return first, await opened.call(tool("say"), {"text": "b"})

    first, second = play(main, desk)

    assert (first.kind, second.kind) == ("applied", "applied")
    assert len({pid for pid, _ in desk.calls}) == 2


def test_a_program_that_dies_amid_a_call_leaves_it_unknown_and_is_not_asked_twice(desk, tool):
    async def main(opened):
        return await opened.call(tool("die"), {}), await opened.call(tool("say"), {"text": "b"})

    died, after = play(main, desk)

    assert (found(died), after.kind) == (("unknown", "reset"), "applied")
    assert [name for _, name in desk.calls] == ["die", "say"]


def test_a_call_without_an_answer_in_time_is_unknown_and_frees_its_slot(desk, tool):
    async def main(opened):
        await opened.call(tool("say"), {"text": "a"})
        began = time.monotonic()
        outcome = await opened.call(tool("hang"), {}, timeout=timedelta(seconds=0.3))
        return outcome, time.monotonic() - began < 5

    assert play(main, desk, service=desk.service(max_concurrency=1))[0].code == "timeout"


def test_a_server_that_is_not_ready_in_time_leaves_the_call_unsent(desk, tool):
    outcome = play(once(tool("say"), timeout=timedelta(seconds=0.01)), desk)

    assert found(outcome) == ("not_sent", "connect_timeout")
    assert desk.calls == []


def test_the_fence_is_awaited_before_a_call_leaves(desk, tool):
    seen = []

    async def fence():
        seen.append(desk.calls)

    assert play(once(tool("say"), {"text": "a"}, fence=fence), desk).kind == "applied"
    assert seen == [[]]


def test_a_fence_that_refuses_keeps_the_call_from_being_sent(desk, tool):
    class LostError(Exception):
        pass

    async def fence():
        raise LostError

    async def main(opened):
        with pytest.raises(LostError):
            await opened.call(tool("say"), {}, fence=fence)
        return opened.health()[0].in_flight, await opened.call(tool("say"), {"text": "later"})

    in_flight, later = play(main, desk)

    assert (in_flight, later.kind) == (0, "applied")
    assert [name for _, name in desk.calls] == ["say"]


def test_nothing_leaves_once_the_time_is_up(desk, tool):
    async def slow():
        await asyncio.sleep(1)

    async def main(opened):
        await opened.call(tool("add-line"), {"text": "warm"})
        late = await opened.call(tool("say"), {}, fence=slow, timeout=timedelta(seconds=0.2))
        await asyncio.sleep(1.2)
        return late

    assert found(play(main, desk)) == ("not_sent", "connect_timeout")
    assert [name for _, name in desk.calls] == ["add-line"]


def test_the_program_gets_its_own_environment_and_nothing_of_ours(desk, tool, monkeypatch):
    monkeypatch.setenv("OURS", "not-for-others")
    service = desk.service(env={"MODE": "plain", "TOKEN": SecretName(secret="DESK_TOKEN")})

    outcome = play(once(tool("env")), desk, service=service, secret=lambda name: SECRET + name)

    (block,) = outcome.output["content"]
    assert '"MODE": "plain"' in block["text"]
    assert '"TOKEN": "[secret]"' in block["text"]
    assert "not-for-others" not in block["text"]


def test_a_secret_of_the_environment_is_not_logged(desk, tool, caplog):
    service = desk.service(env={"TOKEN": SecretName(secret="DESK_TOKEN")})

    with caplog.at_level(logging.DEBUG):
        outcome = play(once(tool("say"), {"text": "a"}), desk, service=service, secret=lambda _name: SECRET)

    assert outcome.kind == "applied"
    assert SECRET not in caplog.text


def test_a_missing_secret_starts_no_program(desk, tool):
    service = desk.service(env={"TOKEN": SecretName(secret="DESK_TOKEN")})

    outcome = play(once(tool("say")), desk, service=service)

    assert found(outcome) == ("not_sent", "secret_missing")
    assert "DESK_TOKEN" in outcome.error


def test_arguments_against_the_schema_are_not_sent(desk, tool):
    schema = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}

    assert found(play(once(tool("say", input=schema), {"text": 1}), desk)) == ("not_sent", "arguments")
    assert desk.calls == []


def test_many_calls_share_one_program(desk, tool):
    async def main(opened):
        return await asyncio.gather(*(opened.call(tool("say"), {"text": str(n)}) for n in range(8)))

    outcomes = play(main, desk)

    assert [outcome.output["content"][0]["text"] for outcome in outcomes] == [f"said {n}" for n in range(8)]
    assert len({pid for pid, _ in desk.calls}) == 1


def test_a_key_travels_as_the_argument_that_takes_it(desk, tool):
    keyed = tool("add-line", effect="keyed", key_header="text", output={"type": "object"})

    assert play(once(keyed, {}, key="run-1:pay"), desk).output == {"text": "run-1:pay"}


def test_a_service_that_is_neither_started_nor_reached_is_not_called(desk, tool):
    outcome = play(once(tool("say")), desk, service=desk.service(process=None))

    assert found(outcome) == ("not_sent", "arguments")
    assert "command" in outcome.error


def test_an_answer_larger_than_is_taken_was_applied_all_the_same(desk, tool):
    outcome = play(once(tool("say"), {"text": "x" * 500}), desk, max_body_bytes=200)

    assert found(outcome) == ("applied_bad", "too_large")


def test_a_cancelled_call_leaves_no_slot_taken(desk, tool):
    async def main(opened):
        await opened.call(tool("say"), {"text": "warm"})
        call = asyncio.ensure_future(opened.call(tool("hang"), {}))
        await asyncio.sleep(0.2)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await asyncio.sleep(0.2)
        return opened.health()[0].in_flight

    assert play(main, desk) == 0


def test_closing_ends_the_program(desk, tool):
    play(once(tool("say")), desk)

    ((pid, _),) = desk.calls
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_route_takes_tools_alone_and_tells_what_is_missing(desk, tool, monkeypatch):
    other = tool("say").model_copy(update={"binding": FunctionBinding(target="m:f")})
    with pytest.raises(TypeError, match="no tool"):
        McpRoute(desk.service(), REACH).prepare(other, {}, key=None, fence=None)

    monkeypatch.setattr("tools.mcp.route._SESSIONS", Home("tools.no_such_module", "Session", extra="mcp"))
    monkeypatch.setattr("tools.mcp.route.util.find_spec", lambda _name: None)
    with pytest.raises(Unbuildable, match=r"workflow-planner\[mcp\]"):
        McpRoute(desk.service(), REACH)
