import asyncio
import json
import logging
import re
from datetime import timedelta

import pytest

from tools.access import ApiKey, Bearer, Service

SECRET = "tok-very-secret-1234"
SESSION = "Mcp-Session-Id"


class Floor:
    """A streamable HTTP server whose answers to calls of tools a test decides."""

    def __init__(self, calling):
        self._calling = calling
        self.sessions = 0
        self.known = set()
        self.called = 0

    async def __call__(self, peer, request):
        head, _, body = request.partition(b"\r\n\r\n")
        if not head.startswith(b"POST"):
            await peer.answer(405)
            return
        message = json.loads(body)
        if "id" not in message:
            await peer.answer(202)
        elif message["method"] == "initialize":
            await self._begin(peer, message)
        elif message["method"] == "tools/call":
            self.called += 1
            await self._calling(self, peer, message)
        else:
            await self.error(peer, message, -32601, "no such method")

    async def _begin(self, peer, message):
        self.sessions += 1
        self.known.add(f"s{self.sessions}")
        info = {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "serverInfo": {"name": "n", "version": "1"},
        }
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": info}).encode()
        await peer.answer(200, body, "Content-Type: application/json", f"{SESSION}: s{self.sessions}")

    async def result(self, peer, message, text="fine"):
        told = {"content": [{"type": "text", "text": text}]}
        await peer.json(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": told}).encode())

    async def error(self, peer, message, code, text, *, status=200):
        body = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": code, "message": text}}
        await peer.json(json.dumps(body).encode(), status)


async def fine(floor, peer, message):
    await floor.result(peer, message)


@pytest.fixture
def play(desk, loopback):
    """Return what runs `main(services, server, floor)` against a floor that answers calls so."""

    def run(main, calling=fine, *, secret=lambda _name: SECRET, path="/mcp", **changes):
        async def whole():
            floor = Floor(calling)
            async with loopback(floor) as server:
                service = Service(name="desk", base_url=server.url + path, **changes)
                async with desk.services(service, secret=secret) as opened:
                    return await main(opened, server, floor)

        return asyncio.run(whole())

    return run


def found(outcome):
    return outcome.kind, outcome.code


def once(operation, **how):
    async def main(opened, _server, _floor):
        return await opened.call(operation, {"text": "x"}, **how)

    return main


def test_a_tool_is_called_over_streamable_http(play, tool):
    outcome = play(once(tool("say")))

    assert outcome.output == {"content": [{"type": "text", "text": "fine"}]}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "rejected"),
        (403, "rejected"),
        (429, "not_sent"),
        (503, "not_sent"),
        (500, "unknown"),
        (504, "unknown"),
    ],
)
def test_a_status_says_of_a_tool_what_it_says_of_any_operation(play, tool, status, kind):
    async def calling(_floor, peer, _message):
        await peer.answer(status, b"sorry", "Retry-After: 7")

    outcome = play(once(tool("say")), calling)

    assert (*found(outcome), outcome.status) == (kind, f"http_{status}", status)
    assert outcome.retry_after == 7


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>", "rpc_-32700"),
        (200, b'{"jsonrpc": "2.0", "id": 1}', "rpc_-32700"),
        (302, b"", "http_302"),
        (202, b"", "rpc_-32600"),
    ],
)
def test_an_answer_that_is_none_leaves_the_call_unknown(play, tool, status, body, code):
    async def calling(_floor, peer, _message):
        await peer.answer(status, body, "Content-Type: application/json", "Location: /elsewhere")

    assert found(play(once(tool("say")), calling)) == ("unknown", code)


def test_a_connection_that_breaks_amid_a_call_leaves_it_unknown_and_others_alone(play, tool):
    async def calling(floor, peer, message):
        if floor.called == 1:
            peer.reset()
        else:
            await floor.result(peer, message)

    async def main(opened, _server, floor):
        outcomes = [await opened.call(tool("say"), {}) for _ in range(2)]
        return [found(outcome) for outcome in outcomes], floor.sessions, floor.called

    assert play(main, calling) == ([("unknown", "reset"), ("applied", None)], 1, 2)


def test_a_body_that_breaks_off_leaves_the_call_unknown(play, tool):
    async def calling(_floor, peer, _message):
        await peer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
        peer.reset()

    assert found(play(once(tool("say")), calling)) == ("unknown", "reset")


def test_an_address_where_nobody_listens_leaves_the_call_unsent(play, tool):
    async def main(opened, server, _floor):
        server._server.close()
        await server._server.wait_closed()
        return await opened.call(tool("say"), {})

    assert found(play(main)) == ("not_sent", "connect")


def test_a_server_that_goes_away_between_two_calls_leaves_the_second_unsent(play, tool):
    async def main(opened, server, _floor):
        first = await opened.call(tool("say"), {})
        await server.__aexit__()
        return first.kind, found(await opened.call(tool("say"), {}))

    assert play(main) == ("applied", ("not_sent", "connect"))


@pytest.mark.parametrize(("status", "code"), [(404, -32001), (400, -32000)])
def test_a_server_that_forgot_the_session_is_given_another_and_asked_again(play, tool, status, code):
    async def calling(floor, peer, message):
        if floor.sessions == 1:
            await floor.error(peer, message, code, "no such session", status=status)
        else:
            await floor.result(peer, message)

    async def main(opened, _server, floor):
        return found(await opened.call(tool("say"), {})), floor.sessions, floor.called

    assert play(main, calling) == (("applied", None), 2, 2)


def test_arguments_that_the_server_refuses_are_not_sent_again(play, tool):
    async def calling(floor, peer, message):
        await floor.error(peer, message, -32602, "not like that", status=400)

    async def main(opened, _server, floor):
        return found(await opened.call(tool("say"), {})), floor.called

    assert play(main, calling) == (("rejected", "http_400"), 1)


def test_a_call_without_an_answer_in_time_is_unknown(play, tool):
    async def calling(_floor, _peer, _message):
        await asyncio.sleep(60)

    assert found(play(once(tool("say"), timeout=timedelta(seconds=1.5)), calling)) == ("unknown", "timeout")


def test_an_answer_larger_than_is_taken_was_applied_all_the_same(play, tool, desk, loopback):
    async def calling(floor, peer, message):
        await floor.result(peer, message, "x" * 10_000)

    async def whole():
        async with loopback(Floor(calling)) as server:
            service = Service(name="desk", base_url=server.url)
            async with desk.services(service, max_body_bytes=2000) as opened:
                return await opened.call(tool("say"), {})

    assert found(asyncio.run(whole())) == ("applied_bad", "too_large")


def test_the_answer_may_come_as_a_stream_of_events(play, tool):
    async def calling(_floor, peer, message):
        told = {"jsonrpc": "2.0", "id": message["id"], "result": {"content": []}}
        event = f"event: message\r\ndata: {json.dumps(told)}\r\n\r\n".encode()
        await peer.answer(200, event, "Content-Type: text/event-stream")

    assert play(once(tool("say")), calling).output == {"content": []}


def test_a_stream_of_events_that_ends_without_an_answer_leaves_the_call_unknown(play, tool):
    async def calling(_floor, peer, _message):
        await peer.answer(200, b": nothing\r\n\r\n", "Content-Type: text/event-stream")

    assert play(once(tool("say")), calling).kind == "unknown"


@pytest.mark.parametrize(
    ("auth", "line"),
    [
        (Bearer(secret="TOKEN"), rb"authorization: Bearer tok-very-secret-1234"),
        (ApiKey(secret="TOKEN", header="X-Key"), rb"x-key: tok-very-secret-1234"),
    ],
)
def test_every_request_bears_the_credentials_and_no_answer_gets_them_out(play, tool, auth, line, caplog):
    async def calling(floor, peer, message):
        await floor.result(peer, message, f"you are {SECRET}")

    async def main(opened, server, _floor):
        return await opened.call(tool("say"), {}), list(server.requests)

    with caplog.at_level(logging.DEBUG):
        outcome, requests = play(main, calling, auth=auth, headers={"X-Team": "returns"})

    assert all(re.search(line, request, re.IGNORECASE) for request in requests)
    assert all(b"X-Team: returns" in request for request in requests)
    assert outcome.output["content"][0]["text"] == "you are [secret]"
    assert SECRET not in caplog.text


def test_a_server_that_refuses_the_credentials_is_told_with_its_status(play, tool, loopback, desk):
    async def refuse(peer, _request):
        await peer.answer(401)

    async def whole():
        async with (
            loopback(refuse) as server,
            desk.services(Service(name="desk", base_url=server.url)) as opened,
        ):
            return await opened.call(tool("say"), {})

    outcome = asyncio.run(whole())

    assert found(outcome) == ("not_sent", "connect")
    assert "it answered 401" in outcome.error


def test_the_fence_is_awaited_once_connected_and_before_the_call_leaves(play, tool):
    seen = []

    async def main(opened, _server, floor):
        async def fence():
            seen.append(floor.called)

        return await opened.call(tool("say"), {}, fence=fence)

    assert play(main).kind == "applied"
    assert seen == [0]


def test_a_fence_that_refuses_keeps_the_call_from_being_sent(play, tool):
    class LostError(Exception):
        pass

    async def fence():
        raise LostError

    async def main(opened, _server, floor):
        with pytest.raises(LostError):
            await opened.call(tool("say"), {}, fence=fence)
        return floor.called, (await opened.call(tool("say"), {})).kind, floor.sessions

    assert play(main) == (0, "applied", 1)


def test_calls_that_meet_a_forgotten_session_together_are_all_made_on_another(play, tool):
    async def calling(floor, peer, message):
        if floor.sessions == 1:
            await asyncio.sleep(0.2)
            await floor.error(peer, message, -32001, "no such session", status=404)
        else:
            await floor.result(peer, message)

    async def main(opened, _server, floor):
        outcomes = await asyncio.gather(*(opened.call(tool("say"), {}) for _ in range(4)))
        return [found(outcome) for outcome in outcomes], floor.sessions

    assert play(main, calling) == ([("applied", None)] * 4, 2)


def test_a_server_that_knows_no_session_at_all_is_asked_twice_and_no_more(play, tool):
    async def calling(floor, peer, message):
        await floor.error(peer, message, -32001, "no such session", status=404)

    async def main(opened, _server, floor):
        return found(await opened.call(tool("say"), {})), floor.called

    assert play(main, calling) == (("rejected", "http_404"), 2)
