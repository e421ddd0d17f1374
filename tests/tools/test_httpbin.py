"""A real httpbin process, called by what its own published document says."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from examples.httpbin import serve
from tools import openapi
from tools.access import Basic, Bearer, Service
from tools.catalog import Catalog
from tools.operations import Retry
from tools.services import Services

pytestmark = [pytest.mark.real, pytest.mark.acceptance]

pytest.importorskip("flasgger", reason="httpbin publishes its document only where flasgger is installed")

SECRET = "tok-of-httpbin-1"


@pytest.fixture(scope="module")
def address():
    with serve.httpbin() as address:
        yield address


@pytest.fixture(scope="module")
def operations(address):
    document = httpx.get(f"{address}/spec.json", trust_env=False).json()
    return {operation.name: operation for operation in openapi.read(document, service="httpbin")}


@pytest.fixture
def ask(address, operations):
    def ask(name, arguments=None, *, auth=None, times=1, **changes):
        operation = operations[f"httpbin.{name}"].model_copy(update=changes)

        async def main():
            service = Service(name="httpbin", base_url=address, auth=auth)
            catalog = Catalog(operations, {"httpbin": service})
            async with Services(catalog, secret=lambda _: SECRET) as services:
                return [await services.call(operation, arguments or {}) for _ in range(times)]

        outcomes = asyncio.run(main())
        return outcomes if times > 1 else outcomes[0]

    return ask


def found(outcome):
    return outcome.kind, outcome.code


def test_the_document_gives_every_operation(operations):
    assert len(operations) > 70
    assert operations["httpbin.getUuid"].effect_source == "guessed"
    assert operations["httpbin.getUuid"].retry == Retry()


def test_calls_succeed(ask):
    assert set(ask("getUuid", check="size(output.uuid) == 36").output) == {"uuid"}
    assert ask("postAnything").output["method"] == "POST"
    assert ask("getAnythingAnything", {"anything": "a b"}).output["url"].endswith("/anything/a%20b")


@pytest.mark.parametrize("name", ["getGzip", "getDeflate", "getBrotli"])
def test_compressed_answers_are_read(ask, name):
    assert ask(name).output["method"] == "GET"


def test_texts_pages_and_pictures_are_read(ask):
    assert "<h1>" in ask("getHtml").output
    assert ask("getXml").output.startswith("<?xml")
    assert ask("getImagePng").output["content_type"] == "image/png"


def test_busy_then_well_is_a_call_not_sent_then_applied(ask):
    busy, well = ask("postStatusCodes", {"codes": "503"}), ask("postStatusCodes", {"codes": "200"})
    assert (found(busy), busy.status) == (("not_sent", "http_503"), 503)
    assert found(well) == ("applied", None)


def test_one_call_repeated_meets_both(ask):
    # Five 503 in a row open the breaker, and of four chance brings both within twelve rounds.
    rounds = [ask("postStatusCodes", {"codes": "503:0.5,200:0.5"}, times=4) for _ in range(12)]
    assert {found(outcome) for outcomes in rounds for outcome in outcomes} == {
        ("not_sent", "http_503"),
        ("applied", None),
    }


@pytest.mark.parametrize("name", ["getDelayDelay", "postDelayDelay"])
def test_an_answer_that_comes_too_late_is_unknown(ask, name):
    outcome = ask(name, {"delay": 3}, timeout=timedelta(milliseconds=300))
    assert found(outcome) == ("unknown", "timeout")
    assert outcome.ms < 2000


def test_a_drip_does_not_outlive_the_deadline(ask):
    arguments = {"duration": 5, "numbytes": 10, "code": 200, "delay": 0}
    outcome = ask("getDrip", arguments, timeout=timedelta(milliseconds=300))
    assert found(outcome) == ("unknown", "timeout")
    assert outcome.ms < 2000


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("418", ("rejected", "http_418")),
        ("404", ("rejected", "http_404")),
        ("429", ("not_sent", "http_429")),
        ("500", ("unknown", "http_500")),
        ("504", ("unknown", "http_504")),
        ("202", ("applied_bad", "status")),
    ],
)
def test_wrong_statuses_have_their_classes(ask, code, expected):
    assert found(ask("putStatusCodes", {"codes": code})) == expected


def test_a_redirect_is_not_followed(ask):
    outcome = ask("getRedirectTo", {"url": "http://127.0.0.1:1/elsewhere", "status_code": 307})
    assert found(outcome) == ("rejected", "http_307")


def test_a_stream_of_documents_is_no_json(ask):
    outcome = ask("getStreamN", {"n": 3})
    assert found(outcome) == ("applied_bad", "body")


def test_credentials_are_sent_and_never_come_back(ask):
    bearer = ask("getBearer", auth=Bearer(secret="TOKEN"))
    assert bearer.output == {"authenticated": True, "token": "[secret]"}
    basic = Basic(secret="TOKEN", user="ann")
    arguments = {"user": "ann", "passwd": SECRET}
    assert ask("getBasicAuthUserPasswd", arguments, auth=basic).output["authenticated"] is True
    refused = ask("getBasicAuthUserPasswd", {**arguments, "passwd": "other"}, auth=basic)
    assert found(refused) == ("rejected", "http_401")
    assert SECRET not in repr([bearer, refused])


def test_an_argument_of_the_wrong_type_is_not_sent(ask):
    assert found(ask("getDelayDelay", {"delay": "long"})) == ("not_sent", "arguments")
    assert found(ask("getDelayDelay")) == ("not_sent", "arguments")
