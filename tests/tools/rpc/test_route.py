import asyncio
import ipaddress
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import wraps

import pytest
from cryptography import x509

from examples.basket.serve import LOST, MISSING, RACED, SLOW, serve
from planner.testing import free_port
from tools.access import Bearer, Breaker, Service
from tools.catalog import Catalog
from tools.rpc import methods
from tools.services import Services

pytestmark = pytest.mark.real

ITEMS = [{"productId": 1, "quantity": 2}]


def in_a_loop(test):
    """Run a test in an event loop of its own."""

    @wraps(test)
    def run(**fixtures):
        asyncio.run(test(**fixtures))

    return run


@pytest.fixture
def running(real):
    with serve(real / "eshop" / "basket.proto") as started:
        yield started


@pytest.fixture
def basket(real, compiled):
    """Return the operations of the basket by their short names."""
    source = (real / "eshop" / "basket.proto").read_text(encoding="utf-8-sig")
    found = methods.read(compiled(basket=source), service="basket").operations
    return {operation.name.partition(".")[2]: operation for operation in found}


@asynccontextmanager
async def calling(url, *, owner="ann", **more):
    service = Service(name="basket", base_url=url, auth=Bearer(secret="TOKEN") if owner else None, **more)
    async with Services(
        Catalog({}, {"basket": service}), secret=lambda _name: owner, max_body_bytes=2000
    ) as opened:
        yield opened


async def update(opened, basket, number, **more):
    items = [{"productId": number, "quantity": 1}]
    return await opened.call(basket["UpdateBasket"], {"items": items}, **more)


@in_a_loop
async def test_what_is_written_is_read_again(running, basket):
    async with calling(running.url) as opened:
        written = await opened.call(basket["UpdateBasket"], {"items": ITEMS})
        read = await opened.call(basket["GetBasket"], {})
    assert (written.kind, read.kind) == ("applied", "applied")
    assert read.output == {"items": ITEMS}


@in_a_loop
async def test_an_answer_has_its_fields_also_where_they_are_empty(running, basket):
    async with calling(running.url) as opened:
        assert (await opened.call(basket["GetBasket"], {})).output == {"items": []}


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (MISSING, ("rejected", "grpc_not_found", 404)),
        (RACED, ("unknown", "grpc_aborted", 409)),
        (LOST, ("unknown", "grpc_internal", 500)),
    ],
)
@in_a_loop
async def test_the_code_of_an_answer_tells_what_became_of_the_call(running, basket, number, told):
    async with calling(running.url) as opened:
        outcome = await update(opened, basket, number)
    assert (outcome.kind, outcome.code, outcome.status) == told


@in_a_loop
async def test_a_caller_without_credentials_is_refused_and_told_why(running, basket):
    async with calling(running.url, owner="") as opened:
        outcome = await update(opened, basket, 1)
    assert (outcome.kind, outcome.status) == ("rejected", 401)
    assert "The caller is not authenticated." in outcome.error


@in_a_loop
async def test_no_answer_in_time_is_unknown_and_the_service_is_told_to_stop(running, basket):
    async with calling(running.url) as opened:
        outcome = await update(opened, basket, SLOW, timeout=timedelta(seconds=0.3))
    assert (outcome.kind, outcome.code) == ("unknown", "timeout")
    assert running.basket.baskets["ann"] == [(SLOW, 1)]


@in_a_loop
async def test_a_service_that_is_not_there_was_sent_nothing(basket):
    async with calling(f"http://127.0.0.1:{free_port()}") as opened:
        outcome = await update(opened, basket, 1)
    assert (outcome.kind, outcome.code) == ("not_sent", "connect")


@in_a_loop
async def test_a_server_that_speaks_no_grpc_was_sent_nothing(basket, loopback):
    async def silent(peer, _request):
        await peer.reader.read()

    async with loopback(silent, raw=True) as other, calling(other.url) as opened:
        outcome = await update(opened, basket, 1, timeout=timedelta(seconds=0.3))
    assert (outcome.kind, outcome.code) == ("not_sent", "connect_timeout")


@in_a_loop
async def test_a_service_that_comes_back_is_called_at_once(real, basket):
    port = free_port()
    async with calling(f"http://127.0.0.1:{port}") as opened:
        assert (await update(opened, basket, 1)).kind == "not_sent"
        with serve(real / "eshop" / "basket.proto", port):
            assert (await update(opened, basket, 1)).kind == "applied"


@in_a_loop
async def test_a_server_with_tls_is_called_where_its_certificate_is_trusted(real, basket, certified):
    pem = certified(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    identity = (pem.read_bytes(), pem.read_bytes())
    with serve(real / "eshop" / "basket.proto", identity=identity) as running:
        async with calling(running.url, verify=str(pem)) as opened:
            trusted = await update(opened, basket, 1)
        async with calling(running.url) as opened:
            doubted = await update(opened, basket, 1)
    assert running.url.startswith("https://")
    assert (trusted.kind, doubted.kind, doubted.code) == ("applied", "not_sent", "connect")


@in_a_loop
async def test_failures_open_the_breaker(basket):
    async with calling(f"http://127.0.0.1:{free_port()}", breaker=Breaker(failures=2)) as opened:
        codes = [(await update(opened, basket, 1)).code for _ in range(3)]
    assert codes == ["connect", "connect", "breaker_open"]


@pytest.mark.acceptance
@in_a_loop
async def test_a_server_that_dies_while_it_works_leaves_the_call_in_doubt(real, basket):
    port = free_port()
    proto = str(real / "eshop" / "basket.proto")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "examples.basket.serve",
        proto,
        "--port",
        str(port),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert b"listens" in await process.stdout.readline()
        async with calling(f"http://127.0.0.1:{port}") as opened:
            await update(opened, basket, 1)
            call = asyncio.ensure_future(update(opened, basket, SLOW))
            await asyncio.sleep(0.3)
            process.kill()
            outcome = await call
            later = await update(opened, basket, 1)
    finally:
        await process.communicate()
    assert (outcome.kind, outcome.code) == ("unknown", "grpc_unavailable")
    assert (later.kind, later.code) == ("not_sent", "connect")


@in_a_loop
async def test_the_fence_is_asked_before_anything_is_sent(running, basket):
    class Lost(Exception):
        pass

    async def fence():
        assert running.basket.calls == []
        raise Lost

    async with calling(running.url) as opened:
        with pytest.raises(Lost):
            await update(opened, basket, 1, fence=fence)
    assert running.basket.calls == []


@in_a_loop
async def test_headers_credentials_and_the_key_are_metadata(running, basket):
    keyed = basket["UpdateBasket"].model_copy(update={"effect": "keyed"})
    async with calling(running.url, headers={"X-Tenant": "t-1"}) as opened:
        await opened.call(keyed, {"items": ITEMS}, key="k-1")
    ((_, metadata),) = running.basket.calls
    assert (metadata["authorization"], metadata["x-tenant"], metadata["idempotency-key"]) == (
        "Bearer ann",
        "t-1",
        "k-1",
    )


@pytest.mark.parametrize("headers", [{"X Tenant": "a"}, {"trace-bin": "a"}, {"x-tenant": "ä"}])
@in_a_loop
async def test_what_no_metadata_may_carry_is_not_sent(running, basket, headers):
    async with calling(running.url, headers=headers) as opened:
        outcome = await update(opened, basket, 1)
    assert (outcome.kind, outcome.code) == ("not_sent", "arguments")
    assert running.basket.calls == []


@in_a_loop
async def test_arguments_that_make_no_message_are_not_sent(running, basket):
    async with calling(running.url) as opened:
        outcome = await opened.call(basket["UpdateBasket"], {"items": [{"product": 1}]})
    assert (outcome.kind, outcome.code) == ("not_sent", "arguments")
    assert "product" in outcome.error


@in_a_loop
async def test_an_answer_that_is_too_long_leaves_a_call_in_doubt(running, basket):
    items = [{"productId": number + 1000, "quantity": number} for number in range(1000)]
    async with calling(running.url) as opened:
        outcome = await opened.call(basket["UpdateBasket"], {"items": items})
    assert (outcome.kind, outcome.code) == ("unknown", "too_large")


@in_a_loop
async def test_many_calls_share_a_connection(running, basket):
    async with calling(running.url) as opened:
        outcomes = await asyncio.gather(*(update(opened, basket, number) for number in range(1, 51)))
    assert {outcome.kind for outcome in outcomes} == {"applied"}


@in_a_loop
async def test_a_secret_that_the_service_repeats_is_masked(running, basket):
    async with calling(running.url, owner="very-secret-token") as opened:
        outcome = await update(opened, basket, MISSING)
    assert "very-secret-token" not in outcome.error


@in_a_loop
async def test_an_address_with_a_path_is_refused(running, basket):
    async with calling(f"{running.url}/api") as opened:
        outcome = await update(opened, basket, 1)
    assert (outcome.kind, outcome.code) == ("not_sent", "arguments")


@in_a_loop
async def test_an_answer_that_breaks_its_check_is_wrong_although_the_code_is_ok(running, basket):
    checked = basket["UpdateBasket"].model_copy(update={"check": "${size(output.items) == 2}"})
    async with calling(running.url) as opened:
        outcome = await opened.call(checked, {"items": ITEMS})
    assert (outcome.kind, outcome.code) == ("applied_bad", "check")
