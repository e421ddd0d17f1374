import json
import time

import pytest

from bench import planning
from planner.planning.retrieval import Found, Index, fused, index_of


@pytest.fixture(scope="module")
def index(shop):
    return Index(shop.operations)


def names(found):
    return [each.operation for each in found]


def test_operations_are_found_by_the_words_of_their_names_paths_and_answers(index):
    assert names(index.search("pay the refund back"))[0] == "payments.refund"
    assert "ops.getMetrics" in names(index.search("What is the error rate?"))


def test_whoever_gives_what_a_found_one_needs_comes_right_behind_it(index):
    found = index.search("track the parcel")
    place = found.index(Found("shipping.track", ""))
    assert found[place + 1].because == "shipping.track"
    assert {"shipping.findShipments", "orders.getOrder"} & set(names(found)[place + 1 : place + 3])


def test_nothing_is_found_for_words_that_no_operation_has(index):
    assert index.search("quantum chromodynamics") == []
    assert index.search("the of and") == []
    assert index.search("") == []


@pytest.mark.parametrize(
    "goal", ["'", '"', "* OR NEAR(", "c0: late", "\ud800", "a\0b", "退款", "Geld zurück"]
)
def test_no_goal_is_taken_for_query_syntax(index, goal):
    assert isinstance(index.search(goal), list)


def test_words_of_other_scripts_count(shop):
    known = shop.operations["payments.refund"].model_copy(update={"summary": "Größe zurück 退款"})
    found = Index({"payments.refund": known, "orders.getOrder": shop.operations["orders.getOrder"]})
    assert names(found.search("bitte GRÖSSE prüfen: größe"))[0] == "payments.refund"
    assert names(found.search("退款"))[0] == "payments.refund"


def test_no_more_are_found_than_were_asked_for(index):
    assert len(index.search("order payment shipment customer", most=5)) == 5


def test_rankings_are_fused_by_the_sum_of_reciprocal_ranks():
    words, near = ["a", "b", "c"], ["c", "d", "a"]
    # a: 1/61 + 1/63, c: 1/63 + 1/61, b: 1/62, d: 1/62; equals keep the order of the words.
    assert fused(words, near) == ["a", "c", "b", "d"]
    # y: 2/62 is more than x: 1/61 + 1/64, though x is first of one.
    assert fused(["x", "y"], ["p", "y", "q", "x"]) == ["y", "x", "p", "q"]
    assert fused([], ["only"]) == ["only"]
    assert fused(words) == words


def test_what_is_near_is_found_though_the_goal_has_no_word_of_it(index):
    found = index.search("quantum chromodynamics", near=["payments.refund"])

    assert found[0] == Found("payments.refund", "")
    assert {each.because for each in found[1:]} <= set(names(found))


def test_words_and_vectors_both_count(index):
    words = names(index.search("pay the refund back"))
    near = names(index.search("pay the refund back", near=["ops.getMetrics", "payments.refund"]))

    assert near[0] == words[0] == "payments.refund"
    assert "ops.getMetrics" in near


def test_a_catalogue_is_indexed_once(shop):
    assert index_of(shop) is index_of(shop)


def test_at_least_seventy_of_a_hundred_real_goals_find_all_their_gold_operations(real):
    tmdb = planning.loaded(real / "restbench" / "tmdb_oas.json")
    by_route = {(item.binding.method, item.binding.path): name for name, item in planning.over_http(tmdb)}
    index = Index(tmdb.operations)
    goals = json.loads((real / "restbench" / "tmdb_goals.json").read_text())
    hits = [
        {by_route.get(tuple(step.split())) for step in goal["solution"]}
        <= set(names(index.search(goal["query"])))
        for goal in goals
    ]
    assert sum(hits) >= 70


def test_an_index_of_thousands_of_operations_answers_from_any_thread(shop):
    index = Index(planning.copies(shop, 3_000))
    began = time.process_time()
    assert index.search("refund the payment")
    assert time.process_time() - began < 1
