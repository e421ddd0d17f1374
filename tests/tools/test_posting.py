import asyncio
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509

from tools import posting


@contextmanager
def receiver(status=204, headers=None, pause=0.0, certificate=None):
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append((dict(self.headers), self.rfile.read(int(self.headers["content-length"])).decode()))
            threading.Event().wait(pause)
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_told):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def certificate(certified):
    """A certificate for the name `localhost`, and for no address."""
    return certified(x509.DNSName("localhost"))


def post(url, verify=None, **more):
    async def sent():
        async with posting.opened(verify) as client:
            return await posting.post(
                client, url, '{"a": 1}', {"webhook-id": "d-1"}, **{"private": True} | more
            )

    return asyncio.run(sent())


def test_a_message_arrives_with_its_headers_and_the_answer_is_told():
    with receiver() as (url, seen):
        answered = post(url)

    ((headers, body),) = seen
    assert (answered.status, answered.said, body, headers["webhook-id"]) == (
        204,
        "answered 204",
        '{"a": 1}',
        "d-1",
    )


def test_a_name_is_sent_to_at_the_address_it_led_to(certificate):
    trusted = ssl.create_default_context(cafile=certificate)
    with receiver(certificate=certificate) as (url, seen):
        named = url.replace("http://127.0.0.1", "https://localhost")
        answered = post(named, verify=trusted)

    assert answered.status == 204
    assert seen[0][0]["Host"] == named.removeprefix("https://").removesuffix("/hook")


def test_a_certificate_for_another_name_is_not_sent_to(certificate):
    trusted = ssl.create_default_context(cafile=certificate)
    with receiver(certificate=certificate) as (url, seen):
        answered = post(url.replace("http:", "https:"), verify=trusted)

    assert "certificate" in answered.said
    assert seen == []


@pytest.mark.parametrize("url", ["http://127.0.0.1:a/", "http://..a/"])
def test_an_address_that_is_none_is_told(url):
    assert post(url).said.startswith("could not be reached")


def test_how_long_a_receiver_wants_to_be_left_alone_is_told():
    with receiver(503, {"Retry-After": "120"}) as (url, _):
        assert post(url).retry_after == 120.0


def test_a_redirect_is_not_followed():
    with receiver() as (elsewhere, seen), receiver(307, {"Location": elsewhere}) as (url, _):
        assert post(url).status == 307

    assert seen == []


def test_a_receiver_that_takes_too_long_is_left():
    with receiver(pause=0.5) as (url, _):
        assert post(url, seconds=0.1) == (None, "gave no answer within 0.1 s", None)


def test_a_receiver_that_is_not_there_is_told():
    with receiver() as (url, _):
        pass

    assert post(url).said.startswith("could not be reached")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nothing_is_sent_to_this_machine_unless_that_is_allowed(host):
    with receiver() as (url, seen):
        answered = post(url.replace("127.0.0.1", host), private=False)

    assert "is an address of a private network" in answered.said
    assert seen == []
