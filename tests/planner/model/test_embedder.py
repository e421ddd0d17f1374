"""The embedder over the real client, with a scripted endpoint behind it."""

import asyncio
import json

import httpx2
import pytest
from pydantic import SecretStr

from planner.clock import SystemClock
from planner.embeddings import EmbeddingSettings
from planner.model import embedder
from planner.model.answers import Unusable
from planner.model.embedder import Embedder
from planner.planning import vectors
from planner.settings import ModelSettings
from planner.testing import FrozenClock, ScriptedModel, free_port

KEY = "sk-planted-0123456789"


def config(**more):
    return ModelSettings(
        **{"base_url": "http://model.test/v1", "name": "e", "api_key": SecretStr(KEY)} | more
    )


def embedded(transport, texts=("one", "two"), **more):
    clock = FrozenClock()

    async def main():
        async with Embedder(config(), clock=clock, transport=transport, **more) as asked:
            return await asked.embed(list(texts), seconds=5)

    return asyncio.run(main()), clock.slept


def answering(*bodies, status=200, headers=None):
    seen = []

    def answer(request):
        seen.append(request)
        body = bodies[min(len(seen), len(bodies)) - 1]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return httpx2.Response(status, content=content, headers=headers or {})

    return httpx2.MockTransport(answer), seen


def data(*vectors_, order=None):
    places = order or range(len(vectors_))
    return {"data": [{"index": i, "embedding": v} for i, v in zip(places, vectors_, strict=True)]}


def test_texts_become_directions_over_a_real_socket():
    double = ScriptedModel({}, synonyms={"deux": "two"})

    async def main(base_url):
        told = config(base_url=base_url)
        async with Embedder(told, clock=SystemClock(), dimensions=48) as asked:
            return await asked.embed(["one", "two", "deux"], seconds=5)

    with double.serving() as base_url:
        found = asyncio.run(main(base_url))

    assert found.outcome_class == "ok"
    assert [vectors.size(each) for each in found.directions] == [48] * 3
    assert found.directions[1] == found.directions[2] != found.directions[0]
    assert double.script.embedded == [
        {"model": "e", "input": ["one", "two", "deux"], "encoding_format": "float", "dimensions": 48}
    ]


def test_dimensions_are_not_sent_unless_set():
    transport, seen = answering(data([1.0, 0.0], [0.0, 1.0]))
    embedded(transport)

    assert "dimensions" not in json.loads(seen[0].content)
    assert seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_directions_come_in_the_order_of_the_texts():
    transport, _ = answering(data([0.0, 2.0], [3.0, 0.0], order=[1, 0]))
    found, _ = embedded(transport)

    assert [vectors.numbers(each) for each in found.directions] == [(1.0, 0.0), (0.0, 1.0)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (data([1.0, 0.0]), "2 texts were sent, and 1 embeddings with the indices [0] came back"),
        (data([1.0], [1.0], [1.0]), "2 texts were sent, and 3 embeddings"),
        (data([1.0], [1.0], order=[0, 0]), "the indices [0, 0]"),
        (data([1.0], [1.0], order=[1, 2]), "the indices [1, 2]"),
        ({"data": [{"embedding": [1.0]}, {"embedding": [2.0]}]}, "the indices [None, None]"),
        ({"data": [{"index": True, "embedding": [1.0]}, {"index": 0, "embedding": [1.0]}]}, "[True, 0]"),
        (data([1.0, 0.0], [1.0]), "vectors of [1, 2] numbers came back; the same was asked for"),
        (data([1.0, 0.0], [0.0, 0.0]), "embedding 1 points nowhere"),
        (data([1.0, 0.0], [float("nan"), 1.0]), "embedding 1 points nowhere"),
        (data([float("inf"), 0.0], [1.0, 1.0]), "embedding 0 points nowhere"),
        (data([1.0, "2"], [1.0, 1.0]), "embedding 0 is no list of numbers"),
        (data([True, 1.0], [1.0, 1.0]), "embedding 0 is no list of numbers"),
        (data([], []), "embedding 0 is no list of numbers"),
        (data("AAAA", "AAAA"), "embedding 0 is no list of numbers"),
        ({"data": [1, 2]}, "no list of embeddings"),
        ({"data": {"0": [1.0]}}, "no list of embeddings"),
        ({}, "no list of embeddings"),
    ],
)
def test_an_answer_that_is_wrong_is_told_and_not_asked_for_again(body, said):
    transport, seen = answering(body)
    found, _ = embedded(transport)

    assert (found.outcome_class, found.directions, len(seen)) == ("invalid", (), 1)
    assert said in found.error


def test_vectors_of_another_size_than_was_asked_for_are_refused():
    transport, _ = answering(data([1.0, 0.0], [0.0, 1.0]))
    found, _ = embedded(transport, dimensions=3)

    assert found.error == "vectors of [2] numbers came back; 3 was asked for"


def test_an_error_with_status_200_is_told():
    transport, _ = answering({"error": {"message": "no such model", "code": "model_not_found"}})
    found, _ = embedded(transport)

    assert found.outcome_class != "ok"
    assert "no such model" in found.error


def test_a_body_without_an_end_is_not_read():
    transport, _ = answering(b" " * 4_000_001)
    found, _ = embedded(transport)

    assert (found.outcome_class, found.directions) == ("invalid", ())


@pytest.mark.parametrize(
    ("status", "outcome_class", "requests"),
    [(500, "unavailable", 3), (429, "rate_limited", 3), (400, "rejected", 1), (401, "rejected", 1)],
)
def test_what_may_pass_is_asked_again_and_nothing_else(status, outcome_class, requests):
    transport, seen = answering({"error": {"message": f"not with {KEY}"}}, status=status)
    found, slept = embedded(transport)

    assert (found.outcome_class, len(seen), len(slept)) == (outcome_class, requests, requests - 1)
    assert KEY not in found.error


def test_a_server_is_asked_again_when_it_says():
    transport, _ = answering({}, status=429, headers={"retry-after": "3"})
    _, slept = embedded(transport)
    assert slept == [3.0, 3.0]

    transport, seen = answering({}, status=429, headers={"retry-after": "60"})
    _, slept = embedded(transport)
    assert (slept, len(seen)) == ([], 1)


def test_nobody_listening_is_told():
    async def main():
        told = config(base_url=f"http://127.0.0.1:{free_port()}/v1", max_attempts=1)
        async with Embedder(told, clock=FrozenClock()) as asked:
            return await asked.embed(["x"], seconds=5)

    found = asyncio.run(main())
    assert found.outcome_class == "unavailable"
    assert "Connect" in found.error


def test_an_embedder_that_was_not_opened_says_so():
    with pytest.raises(RuntimeError, match="must be opened first"):
        asyncio.run(Embedder(config(), clock=FrozenClock()).embed(["x"], seconds=1))


def test_a_text_is_kept_under_a_hash_of_model_dimensions_and_text():
    def key(text, **more):
        sized = more.pop("dimensions", None)
        return Embedder(config(**more), clock=FrozenClock(), dimensions=sized).key(text)

    assert key("a") == key("a", base_url="http://other.test/v1")
    assert len({key("a"), key("b"), key("a", name="f"), key("a", dimensions=8)}) == 4


def test_the_key_of_the_model_is_not_sent_to_another_server():
    clock, ours = FrozenClock(), config()

    def made(**told):
        return embedder.from_settings(ours, EmbeddingSettings(**told), clock=clock)

    assert made() is None
    same, other = made(name="m")._config, made(name="m", base_url="http://other.test/v1")._config
    assert (same.name, same.base_url, same.api_key) == ("m", ours.base_url, ours.api_key)
    assert (other.base_url, other.api_key) == ("http://other.test/v1", None)
    own = made(name="m", base_url="http://other.test/v1", api_key=SecretStr("k"))._config
    assert own.api_key == SecretStr("k")


def test_reading_what_is_no_json_is_no_answer():
    with pytest.raises(Unusable, match="no usable JSON"):
        embedder.read(b"<html>", 1)
