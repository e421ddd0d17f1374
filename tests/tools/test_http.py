import asyncio
import gzip
import ipaddress
import socket
import ssl
from datetime import timedelta

import httpx
import pytest
from cryptography import x509

from tools.access import Bearer, Service
from tools.catalog import Catalog
from tools.operations import HttpBinding, Operation
from tools.services import Services

SECRET = "tok-very-secret-1234"
OBJECT = {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}


def operation(**changes):
    binding = HttpBinding(**{"method": "POST", "path": "/orders", **changes.pop("binding", {})})
    return Operation(
        **{
            "name": "shop.order",
            "service": "shop",
            "effect": "write",
            "timeout": timedelta(seconds=5),
            "binding": binding,
            **changes,
        }
    )


def ask(loopback, behave, *, limit=10_000_000, scheme="http", raw=False, **changes):
    async def main():
        async with loopback(behave, raw=raw) as server:
            service = Service(name="shop", base_url=server.url.replace("http", scheme))
            catalog = Catalog({}, {"shop": service})
            async with Services(catalog, secret=lambda _: SECRET, max_body_bytes=limit) as services:
                return await services.call(operation(**changes), {})

    return asyncio.run(main())


class Refused(Exception):
    """Raised by a fence."""


def test_a_fence_is_asked_once_connected_and_keeps_the_request_from_leaving(loopback):
    async def main():
        async with loopback(lambda peer, _: peer.json(b"{}")) as server:

            async def fence():
                await asyncio.sleep(0.01)
                connected.append(server.connections)
                raise Refused

            catalog = Catalog({}, {"shop": Service(name="shop", base_url=server.url)})
            async with Services(catalog, secret=lambda _: SECRET) as services:
                with pytest.raises(Refused):
                    await services.call(operation(), {}, fence=fence)
                return server.requests, services.health()[0]

    connected = []
    requests, health = asyncio.run(main())
    assert (connected, requests) == ([1], [])
    assert (health.in_flight, health.failures) == (0, 0)


def behaves(*chunks, close=True):
    async def behave(peer, _request):
        for chunk in chunks:
            await peer.write(chunk)
        if close:
            peer.writer.close()

    return behave


def found(outcome):
    return outcome.kind, outcome.code


def test_an_answer_in_json_is_applied_with_its_status_and_time(loopback):
    outcome = ask(loopback, lambda peer, _: peer.json(b'{"id": 7}', 201), output=OBJECT)
    assert (outcome.kind, outcome.output, outcome.status) == ("applied", {"id": 7}, 201)
    assert outcome.ms > 0


def test_a_reset_before_any_answer_leaves_the_effect_unknown(loopback):
    async def behave(peer, _request):
        peer.reset()

    assert found(ask(loopback, behave)) == ("unknown", "reset")


def test_a_close_before_any_answer_leaves_the_effect_unknown(loopback):
    assert found(ask(loopback, behaves())) == ("unknown", "reset")


def test_a_close_inside_the_headers_leaves_the_effect_unknown(loopback):
    outcome = ask(loopback, behaves(b"HTTP/1.1 200 OK\r\nContent-Le"))
    assert found(outcome) == ("unknown", "reset")


def test_something_that_is_no_http_leaves_the_effect_unknown(loopback):
    assert found(ask(loopback, behaves(b"SSH-2.0-OpenSSH_9\r\n\r\n"))) == ("unknown", "protocol")


def test_a_body_shorter_than_announced_leaves_the_effect_unknown(loopback):
    outcome = ask(loopback, behaves(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":'))
    assert (found(outcome), outcome.status) == (("unknown", "truncated"), 200)


def test_a_chunked_body_without_its_end_leaves_the_effect_unknown(loopback):
    outcome = ask(loopback, behaves(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"))
    assert found(outcome) == ("unknown", "truncated")


def test_broken_compression_leaves_the_effect_unknown(loopback):
    async def behave(peer, _request):
        await peer.answer(200, b"no gzip at all", "Content-Encoding: gzip", "Content-Type: application/json")

    assert found(ask(loopback, behave)) == ("unknown", "decoding")


def test_whole_compression_is_read(loopback):
    async def behave(peer, _request):
        body = gzip.compress(b'{"id": 1}')
        await peer.answer(200, body, "Content-Encoding: gzip", "Content-Type: application/json")

    assert ask(loopback, behave).output == {"id": 1}


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_refusal_whose_body_breaks_off_is_still_a_refusal(loopback, status):
    outcome = ask(loopback, behaves(f"HTTP/1.1 {status} No\r\nContent-Length: 99\r\n\r\nbec".encode()))
    assert (outcome.kind, outcome.status) == ("rejected", status)


def test_a_server_that_never_answers_is_left_after_the_deadline(loopback):
    async def behave(_peer, _request):
        await asyncio.sleep(60)

    outcome = ask(loopback, behave, timeout=timedelta(milliseconds=150))
    assert found(outcome) == ("unknown", "timeout")
    assert 100 < outcome.ms < 2000


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_a_dripping_server_does_not_outlive_the_deadline(loopback, head):
    async def behave(peer, _request):
        await peer.write(head)
        for _ in range(1000):
            await peer.write(b"x")
            await asyncio.sleep(0.02)

    outcome = ask(loopback, behave, timeout=timedelta(milliseconds=200))
    assert found(outcome) == ("unknown", "timeout")
    assert outcome.ms < 2000


def test_a_page_where_json_is_documented_is_a_bad_answer(loopback):
    async def behave(peer, _request):
        await peer.answer(200, b"<html>Login</html>", "Content-Type: text/html; charset=utf-8")

    outcome = ask(loopback, behave, output=OBJECT)
    assert found(outcome) == ("applied_bad", "body")
    assert outcome.output == "<html>Login</html>"


@pytest.mark.parametrize("effect", ["read", "write"])
def test_an_answer_over_the_limit_is_done_but_bad(loopback, effect):
    outcome = ask(loopback, lambda peer, _: peer.json(b'"' + b"x" * 5000 + b'"'), limit=1000, effect=effect)
    assert (found(outcome), outcome.output) == (("applied_bad", "too_large"), None)


def test_a_compressed_answer_is_measured_unpacked(loopback):
    async def behave(peer, _request):
        body = gzip.compress(b'"' + b"x" * 200_000 + b'"')
        await peer.answer(200, body, "Content-Encoding: gzip", "Content-Type: application/json")

    assert found(ask(loopback, behave, limit=100_000)) == ("applied_bad", "too_large")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_other_host_never_contacted(loopback, status):
    async def main():
        async with loopback(lambda peer, _: peer.json(b"{}")) as other:

            async def behave(peer, _request):
                await peer.answer(status, b"", f"Location: {other.url}/stolen")

            async with loopback(behave) as server:
                service = Service(name="shop", base_url=server.url, auth=Bearer(secret="TOKEN"))
                async with Services(Catalog({}, {"shop": service}), secret=lambda _: SECRET) as services:
                    outcome = await services.call(operation(), {})
            return outcome, other.connections, server.requests

    outcome, contacts, requests = asyncio.run(main())
    kind = "unknown" if status in {301, 302, 303} else "rejected"
    assert (outcome.kind, outcome.status, contacts) == (kind, status, 0)
    assert SECRET.encode() in requests[0]


def test_a_documented_redirect_is_a_success(loopback):
    outcome = ask(loopback, lambda peer, _: peer.answer(303), binding={"success": (303,)})
    assert (outcome.kind, outcome.output) == ("applied", None)


def test_a_refused_connection_is_not_sent():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"

        async def main():
            catalog = Catalog({}, {"shop": Service(name="shop", base_url=url)})
            async with Services(catalog, secret=lambda _: None) as services:
                return await services.call(operation(), {})

        outcome = asyncio.run(main())
    assert found(outcome) == ("not_sent", "connect")
    assert url in outcome.error


def test_a_host_that_the_resolver_does_not_know_is_not_sent():
    def resolve(_request):
        raise httpx.ConnectError("no address") from socket.gaierror(-2, "Name or service not known")

    async def main():
        catalog = Catalog({}, {"shop": Service(name="shop", base_url="http://nowhere.invalid")})
        transport = httpx.MockTransport(resolve)
        async with Services(catalog, secret=lambda _: None, transport=transport) as services:
            return await services.call(operation(), {})

    outcome = asyncio.run(main())
    assert found(outcome) == ("not_sent", "dns")
    assert "http://nowhere.invalid" in outcome.error


def test_a_host_that_can_have_no_address_is_not_sent():
    async def main():
        catalog = Catalog({}, {"shop": Service(name="shop", base_url=f"http://{'x' * 64}.invalid")})
        async with Services(catalog, secret=lambda _: None) as services:
            return await services.call(operation(), {})

    assert found(asyncio.run(main())) == ("not_sent", "dns")


def test_a_server_without_tls_is_not_sent_to(loopback):
    async def behave(peer, _request):
        await peer.reader.read(10)
        await peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    assert found(ask(loopback, behave, raw=True, scheme="https")) == ("not_sent", "tls")


def test_a_handshake_that_never_ends_is_not_sent(loopback):
    async def behave(peer, _request):
        await peer.reader.read()

    outcome = ask(loopback, behave, raw=True, scheme="https", timeout=timedelta(milliseconds=200))
    assert found(outcome) == ("not_sent", "connect_timeout")


@pytest.fixture(scope="module")
def certificate(certified):
    """A certificate for 127.0.0.1 that only its own file vouches for."""
    return certified(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))


def ask_over_tls(certificate, *, verify):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            catalog = Catalog({}, {"shop": Service(name="shop", base_url=url, verify=verify)})
            async with Services(catalog, secret=lambda _: None) as services:
                return await services.call(operation(), {})

    return asyncio.run(main())


def test_a_certificate_that_nobody_vouches_for_is_not_sent_to(certificate):
    outcome = ask_over_tls(certificate, verify=True)
    assert found(outcome) == ("not_sent", "tls")
    assert "certificate" in outcome.error


def test_a_service_may_bring_its_own_authorities(certificate):
    assert ask_over_tls(certificate, verify=str(certificate)).output == {}


def test_authorities_that_cannot_be_read_are_told(certificate):
    outcome = ask_over_tls(certificate, verify="/nowhere/authorities.pem")
    assert found(outcome) == ("not_sent", "arguments")
    assert "authorities" in outcome.error


def test_an_address_that_is_none_is_not_sent_to():
    async def main():
        catalog = Catalog({}, {"shop": Service(name="shop", base_url="http://shop.invalid:port")})
        async with Services(catalog, secret=lambda _: None) as services:
            return await services.call(operation(), {})

    assert found(asyncio.run(main())) == ("not_sent", "arguments")


def test_cookies_of_one_call_are_not_carried_into_the_next(loopback):
    async def main():
        async def behave(peer, _request):
            await peer.answer(200, b"{}", "Content-Type: application/json", "Set-Cookie: session=abc")

        async with loopback(behave) as server:
            catalog = Catalog({}, {"shop": Service(name="shop", base_url=server.url)})
            async with Services(catalog, secret=lambda _: None) as services:
                await services.call(operation(), {})
                await services.call(operation(), {})
            return server

    server = asyncio.run(main())
    assert len(server.requests) == 2
    assert server.connections == 1
    assert not any(b"session=abc" in request for request in server.requests)


def test_a_failed_connection_frees_its_place(loopback):
    async def behave(_peer, _request):
        await asyncio.sleep(60)

    async def main():
        async with loopback(behave) as server:
            service = Service(name="shop", base_url=server.url, max_concurrency=1)
            async with Services(Catalog({}, {"shop": service}), secret=lambda _: None) as services:
                late = operation(timeout=timedelta(milliseconds=100))
                return [await services.call(late, {}) for _ in range(3)], services.health()[0]

    outcomes, health = asyncio.run(main())
    assert {found(outcome) for outcome in outcomes} == {("unknown", "timeout")}
    assert health.in_flight == 0
