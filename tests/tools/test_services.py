import asyncio
import base64
import logging
import re
from datetime import timedelta

import httpx
import pytest

from tools.access import ApiKey, Basic, Bearer, Breaker, Service
from tools.catalog import Catalog
from tools.operations import HttpBinding, Operation
from tools.services import Services

SECRET = "tok-very-secret-1234"
INPUT = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "amount": {"type": "number", "minimum": 1}},
    "additionalProperties": False,
}


def operation(**changes):
    binding = HttpBinding(**{"method": "POST", "path": "/orders", **changes.pop("binding", {})})
    return Operation(
        **{
            "name": "shop.order",
            "service": "shop",
            "timeout": timedelta(seconds=5),
            "binding": binding,
            **changes,
        }
    )


def found(outcome):
    return outcome.kind, outcome.code


def run(main, loopback, behave, *, secret=lambda _: SECRET, **changes):
    """Run `main(services, server)` against a server that behaves so."""

    async def whole():
        async with loopback(behave) as server:
            service = Service(name="shop", base_url=server.url, **changes)
            catalog = Catalog({"shop.order": operation()}, {"shop": service})
            async with Services(catalog, secret=secret) as services:
                return await main(services, server)

    return asyncio.run(whole())


async def fine(peer, _request):
    await peer.json(b"{}")


def once(**changes):
    arguments, key = changes.pop("arguments", {}), changes.pop("key", None)

    async def main(services, server):
        return await services.call(operation(**changes), arguments, key=key), server.requests

    return main


def test_all_problems_of_the_arguments_are_told_and_nothing_is_sent(loopback):
    arguments = {"amount": 0, "colour": "red"}
    outcome, requests = run(once(input=INPUT, arguments=arguments), loopback, fine)
    assert found(outcome) == ("not_sent", "arguments")
    assert all(name in outcome.error for name in ("id", "amount", "colour"))
    assert requests == []


def test_a_request_that_cannot_be_built_is_not_sent(loopback):
    outcome, requests = run(
        once(binding={"path": "/orders/{id}"}, arguments={"id": "../admin"}), loopback, fine
    )
    assert found(outcome) == ("not_sent", "arguments")
    assert requests == []


def test_arguments_and_the_services_own_headers_reach_the_service(loopback):
    bound = {
        "method": "PUT",
        "path": "/orders/{id}",
        "places": {"id": "path", "q": "query", "x-tag": "header"},
    }
    arguments = {"id": "a/b", "q": 1, "x-tag": "t", "amount": 2}
    main = once(binding=bound, arguments=arguments)
    _, [request] = run(main, loopback, fine, headers={"X-Team": "returns", "X-Tag": "default"})
    assert request.startswith(b"PUT /orders/a%2Fb?q=1 HTTP/1.1\r\n")
    assert request.endswith(b'{"amount":2}')
    assert b"X-Team: returns" in request
    assert re.findall(rb"(?i)x-tag: (\w+)", request) == [b"t"]


@pytest.mark.parametrize(("effect", "sent"), [("keyed", True), ("write", False), ("read", False)])
def test_only_a_keyed_operation_sends_the_idempotency_key(loopback, effect, sent):
    _, [request] = run(once(effect=effect, key="run-1:pay:1"), loopback, fine)
    assert (b"Idempotency-Key: run-1:pay:1" in request) is sent


def test_the_key_fills_the_argument_that_the_service_documents_for_it(loopback):
    schema = {"type": "object", "required": ["key"], "properties": {"key": {"type": "string"}}}
    bound = {"places": {"key": "header"}, "names": {"key": "idempotency-key"}}
    outcome, [request] = run(once(effect="keyed", key="k1", input=schema, binding=bound), loopback, fine)
    assert outcome.kind == "applied"
    assert request.lower().count(b"idempotency-key: k1") == 1


def test_a_key_with_a_line_break_is_not_sent(loopback):
    outcome, requests = run(once(effect="keyed", key="k\r\nX-Admin: 1"), loopback, fine)
    assert (found(outcome), requests) == (("not_sent", "arguments"), [])


@pytest.mark.parametrize(
    ("auth", "line"),
    [
        (Bearer(secret="TOKEN"), f"Authorization: Bearer {SECRET}"),
        (ApiKey(secret="TOKEN", header="X-Key"), f"X-Key: {SECRET}"),
        (
            Basic(secret="TOKEN", user="u"),
            "Authorization: Basic " + base64.b64encode(f"u:{SECRET}".encode()).decode(),
        ),
    ],
)
def test_a_service_that_echoes_the_secret_does_not_get_it_out(loopback, auth, line, caplog):
    async def echo(peer, request):
        status = 400 if b"/bad" in request else 200
        quoted = request.split(b"\r\n\r\n")[0].replace(b"\r\n", b" ").replace(b'"', b"'")
        await peer.json(b'{"detail": "' + quoted + b'"}', status)

    async def main(services, server):
        good = await services.call(operation(), {})
        bad = await services.call(operation(binding={"path": "/bad"}), {})
        broken = await services.call(operation(output={"type": "object", "required": ["x"]}), {})
        return [good, bad, broken], repr(services) + repr(services.health()), server.requests

    with caplog.at_level(logging.DEBUG):
        outcomes, shown, requests = run(main, loopback, echo, auth=auth)
    assert all(line.encode() in request for request in requests)
    assert "[secret]" in outcomes[0].output["detail"]
    assert "[secret]" in outcomes[1].error
    for text in (repr(outcomes), shown, caplog.text):
        assert SECRET not in text
        assert line.rsplit(" ", 1)[1] not in text


def test_a_missing_secret_is_told_by_name_and_nothing_is_sent(loopback):
    outcome, requests = run(once(), loopback, fine, auth=Bearer(secret="SHOP_TOKEN"), secret=lambda _: None)
    assert found(outcome) == ("not_sent", "secret_missing")
    assert "SHOP_TOKEN" in outcome.error
    assert requests == []


def test_secrets_are_asked_for_at_each_call(loopback):
    values = iter(["first-secret", "second-secret"])

    async def main(services, server):
        await services.call(operation(), {})
        await services.call(operation(), {})
        return server.requests

    requests = run(main, loopback, fine, auth=Bearer(secret="T"), secret=lambda _: next(values))
    assert b"Bearer first-secret" in requests[0]
    assert b"Bearer second-secret" in requests[1]


def test_no_more_requests_are_open_than_the_service_bears(loopback):
    async def slow(peer, _request):
        await asyncio.sleep(0.02)
        await peer.json(b"{}")

    async def main(services, server):
        outcomes = await asyncio.gather(*(services.call(operation(), {}) for _ in range(10)))
        return {outcome.kind for outcome in outcomes}, server.busiest

    assert run(main, loopback, slow, max_concurrency=2) == ({"applied"}, 2)


def test_a_failing_service_is_left_in_peace_and_found_again_when_it_recovers(loopback):
    healthy = asyncio.Event()

    async def behave(peer, _request):
        await peer.answer(200 if healthy.is_set() else 500)

    async def main(services, server):
        seen = [found(await services.call(operation(), {})) for _ in range(3)]
        sentence, sent, opened = services.unavailable("shop"), len(server.requests), services.health()[0]
        await asyncio.sleep(0.12)
        healthy.set()
        seen.append(found(await services.call(operation(), {})))
        return seen, sentence, sent, opened, services.unavailable("shop"), services.health()[0]

    breaker = Breaker(failures=2, open_for=timedelta(seconds=0.1))
    seen, sentence, sent, opened, later, closed = run(main, loopback, behave, breaker=breaker)
    broken = ("unknown", "http_500")
    assert seen == [broken, broken, ("not_sent", "breaker_open"), ("applied", None)]
    assert "shop" in sentence
    assert (sent, later) == (2, None)
    assert (opened.state, opened.calls, opened.failures, opened.operations) == ("open", 2, 2, 1)
    assert "answered 500" in opened.last_error
    assert (closed.state, closed.calls, closed.failures) == ("closed", 3, 2)
    assert closed.last_ms > 0


def test_definitive_answers_never_open_the_breaker(loopback):
    async def behave(peer, _request):
        await peer.answer(404)

    async def main(services, _server):
        return [found(await services.call(operation(), {})) for _ in range(4)], services.unavailable("shop")

    outcomes, sentence = run(main, loopback, behave, breaker=Breaker(failures=1))
    assert (set(outcomes), sentence) == ({("rejected", "http_404")}, None)


def test_one_service_in_trouble_does_not_stop_another(loopback):
    async def main(services, server):
        shop = services._lines["shop"].service
        catalog = Catalog(
            {},
            {
                "shop": shop,
                "gone": shop.model_copy(update={"name": "gone", "base_url": "http://127.0.0.1:1"}),
            },
        )
        async with Services(catalog, secret=lambda _: None) as both:
            gone = operation(service="gone")
            broken = [found(await both.call(gone, {})) for _ in range(2)]
            return broken, found(await both.call(operation(), {})), [health.state for health in both.health()]

    broken, good, states = run(main, loopback, fine, breaker=Breaker(failures=1))
    assert broken == [("not_sent", "connect"), ("not_sent", "breaker_open")]
    assert good == ("applied", None)
    assert states == ["open", "closed"]


def test_an_unknown_service_is_not_unavailable_but_cannot_be_called(loopback):
    async def main(services, _server):
        assert services.unavailable("elsewhere") is None
        outcome = await services.call(operation(service="elsewhere"), {})
        assert (outcome.kind, outcome.code) == ("not_sent", "service_unknown")

    run(main, loopback, fine)


def test_a_service_without_an_address_is_not_called():
    async def main():
        async with Services(Catalog({}, {"shop": Service(name="shop")}), secret=lambda _: None) as services:
            return await services.call(operation(), {})

    outcome = asyncio.run(main())
    assert found(outcome) == ("not_sent", "arguments")
    assert "base_url" in outcome.error


@pytest.mark.parametrize(
    ("raised", "kind", "code"),
    [
        (httpx.ReadTimeout("slow"), "unknown", "timeout"),
        (httpx.ReadError("reset"), "unknown", "reset"),
        (httpx.WriteError("reset"), "unknown", "reset"),
        (httpx.ConnectError("refused"), "not_sent", "connect"),
        (httpx.ConnectTimeout("slow"), "not_sent", "connect_timeout"),
        (httpx.PoolTimeout("full"), "not_sent", "busy"),
    ],
)
def test_a_transport_that_reports_no_progress_is_doubted(raised, kind, code):
    def handle(_request):
        raise raised

    async def main():
        catalog = Catalog({}, {"shop": Service(name="shop", base_url="http://shop.invalid")})
        transport = httpx.MockTransport(handle)
        async with Services(catalog, secret=lambda _: None, transport=transport) as services:
            return await services.call(operation(), {})

    assert found(asyncio.run(main())) == (kind, code)


def test_a_cancelled_call_leaves_no_slot_taken(loopback):
    async def hang(_peer, _request):
        await asyncio.sleep(30)

    async def main(services, _server):
        call = asyncio.ensure_future(services.call(operation(), {}))
        await asyncio.sleep(0.05)
        in_flight = services.health()[0].in_flight
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        return in_flight, services.health()[0].in_flight, services.health()[0].failures

    assert run(main, loopback, hang) == (1, 0, 0)


def test_closing_closes_every_connection(loopback):
    async def main(services, server):
        await services.call(operation(), {})
        await services.__aexit__(None, None, None)
        return await services.call(operation(), {}), server.connections

    outcome, connections = run(main, loopback, fine)
    assert (outcome.kind, connections) == ("applied", 2)


def test_an_error_is_masked_before_anybody_keeps_it_in_mind():
    def refuse(_request):
        return httpx.Response(500, json={"detail": "no: hunter2"})

    def mask(error, arguments):
        return error.replace(arguments["id"], "[masked]")

    async def main():
        catalog = Catalog({}, {"shop": Service(name="shop", base_url="http://shop.invalid")})
        transport = httpx.MockTransport(refuse)
        async with Services(catalog, secret=lambda _: None, transport=transport, mask=mask) as services:
            return await services.call(operation(), {"id": "hunter2"}), services.health()

    outcome, (health,) = asyncio.run(main())

    assert "no: [masked]" in outcome.error
    assert "no: [masked]" in health.last_error
