"""Retrieval with vectors over the real client and database, with a scripted endpoint behind it."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from graphs.embeddings import Embeddings, retrieve
from planner.embeddings import EmbeddingSettings
from planner.model.embedder import Embedder
from planner.planning.retrieval import index_of
from planner.settings import ModelSettings
from planner.testing import FrozenClock, ScriptedModel, free_port
from tools import catalog as catalogue
from tools.catalog import Catalog

SHOP = Path(__file__).resolve().parents[2] / "examples" / "shop" / "catalog.yaml"
GOAL = "Geld retour"
SYNONYMS = {"geld": "money", "retour": "refund"}
UNTOLD = "operations were found by words alone: "


@pytest.fixture(scope="module")
def shop():
    return catalogue.load(SHOP)


class Retrieval:
    """Searches a catalogue in one process after another, all on one database."""

    def __init__(self, database):
        self.database = database
        self.clock = FrozenClock()

    def __call__(self, double, found, *goals, name="e", base_url=None, **told):
        model = ModelSettings(base_url=base_url or "http://model.test/v1", name=name, max_attempts=1)
        transport = None if base_url else double.transport()
        settings = EmbeddingSettings(name=name, **told)

        async def main():
            async with Embedder(model, clock=self.clock, transport=transport) as embedder:
                vectors = Embeddings(found, embedder, self.database, clock=self.clock, told=settings)
                return [await retrieve(goal, found, vectors, most=5) for goal in goals]

        return asyncio.run(main())


@pytest.fixture
def search(database):
    return Retrieval(database)


def sent(double):
    return [text for request in double.script.embedded for text in request["input"]]


def answered(**http):
    return ScriptedModel({"embeddings": {"http": http}}, loop=True)


def first(retrieved):
    return retrieved.found[0].operation


def test_a_goal_that_shares_no_word_is_found_by_its_vector(search, shop):
    assert index_of(shop).search(GOAL) == []

    (retrieved,) = search(ScriptedModel({}, synonyms=SYNONYMS), shop, GOAL)

    assert first(retrieved) == "payments.refund"
    assert retrieved.remark == ""
    assert any(each.because == "payments.refund" for each in retrieved.found)


def test_operations_are_embedded_once_and_goals_each_time(search, shop):
    double = ScriptedModel({}, synonyms=SYNONYMS)
    search(double, shop, GOAL, GOAL)
    assert len(sent(double)) == 2 + len(shop.operations)

    later = ScriptedModel({}, synonyms=SYNONYMS)
    (retrieved,) = search(later, shop, GOAL)
    assert sent(later) == [GOAL]
    assert first(retrieved) == "payments.refund"


def test_only_what_changed_is_embedded_anew(search, shop):
    search(ScriptedModel({}), shop, GOAL)
    changed = shop.operations["payments.refund"].model_copy(update={"summary": "Give it back."})
    moved = Catalog({**shop.operations, "payments.refund": changed}, shop.services)
    double = ScriptedModel({})
    search(double, moved, GOAL)

    assert len(sent(double)) == 2
    assert "Give it back" in sent(double)[1]


def test_another_model_embeds_everything_anew(search, shop):
    search(ScriptedModel({}), shop, GOAL)
    double = ScriptedModel({})
    search(double, shop, GOAL, name="other")

    assert len(sent(double)) == 1 + len(shop.operations)


def test_what_a_server_embeds_with_other_dimensions_than_before_is_embedded_anew(search, shop, monkeypatch):
    search(ScriptedModel({}), shop, GOAL)
    monkeypatch.setattr("planner.scripts.DIMENSIONS", 32)
    double = ScriptedModel({}, synonyms=SYNONYMS)
    (retrieved,) = search(double, shop, GOAL)

    assert len(sent(double)) == 1 + len(shop.operations)
    assert first(retrieved) == "payments.refund"


def test_texts_go_in_batches(search, shop):
    double = ScriptedModel({})
    search(double, shop, GOAL, batch=4)

    assert max(len(request["input"]) for request in double.script.embedded) == 4
    assert len(double.script.embedded) == 1 + -(-len(shop.operations) // 4)


def test_what_came_before_a_failure_is_kept_and_used(search, shop):
    limited = ScriptedModel({}, synonyms=SYNONYMS)
    answer, asked = limited.respond, []

    def respond(method, path, body):
        asked.append(path)
        return answer(method, path if len(asked) < 4 else "/gone", body)

    limited.respond = respond
    (retrieved,) = search(limited, shop, GOAL, batch=4)
    missing = len(shop.operations) - 8
    assert retrieved.remark.startswith(
        f"{missing} of {len(shop.operations)} operations were found by words alone: "
    )
    assert "HTTP 404" in retrieved.remark

    double = ScriptedModel({}, synonyms=SYNONYMS)
    (retrieved,) = search(double, shop, GOAL)
    assert len(sent(double)) == 1 + missing
    assert (first(retrieved), retrieved.remark) == ("payments.refund", "")


@pytest.mark.parametrize(
    ("double", "said"),
    [
        (answered(status=500, text="down"), "(unavailable): HTTP 500"),
        (
            answered(status=401, json={"error": {"message": "who are you?"}}),
            "(rejected): HTTP 401: who are you?",
        ),
        (answered(status=404, text="no such path"), "(rejected): HTTP 404"),
        (answered(text="<html>"), "(unavailable): the body is no usable JSON"),
        (answered(json={"data": []}), "(invalid): 1 texts were sent, and 0 embeddings"),
    ],
)
def test_words_are_enough_where_a_server_fails_and_it_is_said(search, shop, double, said, caplog):
    with caplog.at_level(logging.WARNING):
        (retrieved,) = search(double, shop, "pay the refund back")

    assert list(retrieved.found) == index_of(shop).search("pay the refund back", most=5)
    assert retrieved.remark.startswith(UNTOLD + "the embeddings server gave no vectors ")
    assert said in retrieved.remark
    assert [record.why for record in caplog.records if record.name == "graphs.embeddings"] == [
        retrieved.remark
    ]


def test_words_are_enough_where_nobody_listens(search, shop):
    (retrieved,) = search(None, shop, "pay the refund back", base_url=f"http://127.0.0.1:{free_port()}/v1")

    assert first(retrieved) == "payments.refund"
    assert "(unavailable)" in retrieved.remark


def test_words_are_enough_where_a_server_never_answers(search, shop):
    double = ScriptedModel({"embeddings": {"delay": 3, "http": {"status": 200}}}, loop=True)
    with double.serving() as base_url:
        (retrieved,) = search(double, shop, "pay the refund back", base_url=base_url, deadline_seconds=0.2)

    assert first(retrieved) == "payments.refund"
    assert retrieved.remark.startswith(UNTOLD)


def test_what_is_secret_is_not_sent(search, shop):
    told = "Pay back with card 4111111111111111 and Bearer abcdef0123456789abcdef0123456789"
    leaky = shop.operations["payments.refund"].model_copy(update={"summary": "Uses 4111111111111111."})
    double = ScriptedModel({})
    search(double, Catalog({**shop.operations, "payments.refund": leaky}, shop.services), told)

    assert "Pay back with card" in sent(double)[0]
    assert "4111111111111111" not in str(sent(double))
    assert "abcdef0123456789" not in str(sent(double))


def test_a_goal_of_blanks_is_not_sent(search, shop):
    double = ScriptedModel({})
    (retrieved,) = search(double, shop, "  ")

    assert (retrieved.found, sent(double)) == ((), [])


def test_what_no_catalogue_uses_any_more_is_forgotten(search, shop):
    few = Catalog({"payments.refund": shop.operations["payments.refund"]}, shop.services)
    search(ScriptedModel({}), shop, GOAL)
    search.clock.advance(timedelta(days=20))
    search(ScriptedModel({}), few, GOAL)
    search.clock.advance(timedelta(days=20))
    double = ScriptedModel({})
    search(double, few, GOAL)
    assert sent(double) == [GOAL]

    double = ScriptedModel({})
    search(double, shop, GOAL)
    assert len(sent(double)) == len(shop.operations)
