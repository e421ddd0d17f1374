import pytest

from evals.history import Sent, books


def sent(arguments, effect="idempotent", **more):
    told = {"outcome": "unknown", "applied": True, "path": "put"} | more
    return Sent("basket.update", effect, arguments, told.pop("key", None), **told)


def test_an_idempotent_call_with_equal_arguments_is_one_effect_in_whatever_order_they_stand():
    assert len(books([sent({"a": 1, "b": [{"c": 2, "d": 3}]}), sent({"b": [{"d": 3, "c": 2}], "a": 1})])) == 1


def test_an_idempotent_call_with_other_arguments_is_another_effect():
    assert len(books([sent({"a": 1}), sent({"a": 2})])) == 2


@pytest.mark.parametrize(("keys", "count"), [(("k", "k"), 1), (("k", "l"), 2)])
def test_a_keyed_call_is_one_effect_for_each_key(keys, count):
    assert len(books([sent({"a": 1}, "keyed", key=key) for key in keys])) == count


def test_a_write_is_an_effect_each_time_and_a_read_is_none():
    assert len(books([sent({}, "write"), sent({}, "write"), sent({}, "read"), sent({}, applied=False)])) == 2


def test_what_was_taken_back_is_marked():
    found = books([sent({}), sent({}, path="undo:put", undoes="put")])
    assert [effect.undone for effect in found] == [True]
