import sqlite3

import pytest

from planner import search
from planner.search import rank

TEXTS = {
    "late-order": "Settle a late-order complaint so that the customer is made whole.",
    "checkout": "Take an order through checkout: reserve the stock and charge the customer.",
    "incident-triage": "Triage an incident of the monitoring and page whoever is on call.",
}


def names(goal, texts=None):
    return [found.name for found in rank(goal, texts or TEXTS)]


@pytest.mark.parametrize(
    ("goal", "best"),
    [
        ("The customer complains that her order is late", "late-order"),
        ("charge and reserve for this basket", "checkout"),
        ("An incident was reported: who is on call?", "incident-triage"),
        ("INCIDENTS, triaged!", "incident-triage"),
    ],
)
def test_the_text_that_shares_the_most_telling_words_comes_first(goal, best):
    assert names(goal)[0] == best


def test_every_candidate_comes_back_and_what_shares_nothing_has_no_score():
    found = rank("incident", TEXTS)
    assert {ranked.name for ranked in found} == set(TEXTS)
    assert [ranked.score for ranked in found[1:]] == [0.0, 0.0]
    assert found[0].score > 0


def test_a_words_weight_holds_up_in_a_tiny_collection():
    assert names("the late parcel", {"a": "the the the stock", "b": "a late parcel"}) == ["b", "a"]


def test_without_a_shared_word_the_order_stays():
    assert names("zzz") == list(TEXTS)


def test_diacritics_and_case_do_not_matter():
    assert names("CAFÉ", {"a": "tea", "b": "cafe"})[0] == "b"


ODD_GOALS = (
    *("", " ", '"', "'", "* OR NEAR(", "late AND NOT", "words:late", "{late}", "^late", "-late"),
    *("a\0b", "\ud800", "😀", ") ; DROP TABLE texts", "late " * 5000, "\u200e\u202e"),
)


@pytest.mark.parametrize("goal", ODD_GOALS, ids=lambda goal: repr(goal[:20]))
def test_no_goal_is_taken_for_query_syntax(goal):
    assert set(names(goal)) == set(TEXTS)


def test_a_column_name_in_a_goal_is_only_a_word():
    assert names("name: incident")[0] == "incident-triage"


def test_odd_texts_do_no_harm():
    assert names("late", {"a": "\0\ud800", "b": "late"}) == ["b", "a"]
    assert rank("late", {}) == []


def test_this_python_can_search():
    assert search.available()
    assert sqlite3.sqlite_version_info >= (3, 27)
