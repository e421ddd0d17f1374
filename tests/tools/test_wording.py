"""Words for people."""

from tools import wording


def test_long_values_are_cut():
    assert wording.show("x" * 500).endswith("…")
    assert len(wording.show("x" * 500)) < 70


def test_values_that_are_no_json_are_still_shown():
    assert "object" in wording.show(object())


def test_the_nearest_name_comes_first():
    assert wording.nearest("getOrdr", ["getStock", "getOrder", "pay"])[0] == "getOrder"
    assert wording.nearest("GETORDER", ["getOrder"]) == ("getOrder",)
    assert wording.nearest("zzz", ["getOrder"]) == ()


def test_a_hint_names_what_there_is_when_nothing_is_near():
    assert wording.hint("zzz", ["b", "a"]) == "Known here: 'a', 'b'."
    assert wording.hint("orders", ["order"]) == "Did you mean 'order'?"
    assert wording.hint("zzz", []) == "Remove it."


def test_long_lists_of_names_are_cut():
    assert wording.listed(str(number) for number in range(20)).endswith("and 12 more")


def test_types_read_like_a_sentence():
    assert wording.type_names(["null", "string", "integer"]) == "a whole number, a text or null"


def test_texts_that_cannot_be_encoded_are_still_shown():
    assert "ud800" in wording.show("\ud800")
