import asyncio
import gzip

import httpx2
import openai
import pytest
from pydantic import SecretStr

from planner.model.faults import BodyTooLong
from planner.model.wire import CONNECT_SECONDS, Bounded, patience, plain_transport, sdk_client
from planner.settings import ModelSettings


def send(response, *, longest_bytes=100):
    async def main():
        inner = httpx2.MockTransport(lambda _: response)
        async with httpx2.AsyncClient(transport=Bounded(inner, longest_bytes=longest_bytes)) as outer:
            return await outer.get("http://model.test/")

    return asyncio.run(main())


def test_a_response_comes_through_whole():
    got = send(httpx2.Response(201, headers={"x-request-id": "r1"}, content=b"x" * 100))
    assert (got.status_code, got.content, got.headers["x-request-id"]) == (201, b"x" * 100, "r1")


def test_a_compressed_response_is_read_once():
    squeezed = httpx2.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"hello"))
    assert send(squeezed).text == "hello"


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(200, content=b"x" * 101),
        httpx2.Response(500, content=b"x" * 101),
        httpx2.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"x" * 9999)),
    ],
    ids=["plain", "error", "compressed"],
)
def test_reading_stops_at_the_limit(response):
    with pytest.raises(BodyTooLong, match="100 bytes"):
        send(response)


def test_a_redirect_comes_back_as_it_is():
    assert send(httpx2.Response(302, headers={"location": "http://elsewhere.test/"})).status_code == 302


def test_the_sdk_retries_nothing_and_reads_no_environment(monkeypatch):
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "OPENAI_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "planted")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://planted.test")
    config = ModelSettings(api_key=SecretStr("k" * 20))

    async def main():
        async with plain_transport(config) as transport, sdk_client(config, transport) as sdk:
            return sdk

    sdk = asyncio.run(main())
    assert isinstance(sdk, openai.AsyncOpenAI)
    assert sdk.max_retries == 0
    assert str(sdk.base_url) == "https://api.openai.com/v1/"
    assert [sdk.organization, sdk.project, sdk.admin_api_key, sdk.webhook_secret] == [None] * 4


def test_connecting_has_a_shorter_patience_than_answering():
    assert patience(30).connect == CONNECT_SECONDS
    assert patience(30).read == 30
    assert patience(1).connect == 1
