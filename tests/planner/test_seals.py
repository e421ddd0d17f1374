import base64
import os

import pytest

from planner import seals
from planner.errors import SealBroken, SettingsInvalid
from planner.seals import Seals

OLD, NEW = bytes(range(32)), bytes(range(32, 64))


def made(*keys):
    return Seals(keys, os.urandom)


def test_what_is_sealed_opens_at_its_place_and_does_not_show():
    sealed = made(OLD).seal('{"pin":"1234 ü"}', "run-1", "entry 3")

    assert made(OLD).open(sealed, "run-1", "entry 3") == '{"pin":"1234 ü"}'
    assert b"1234" not in sealed


def test_the_same_text_is_sealed_in_another_way_each_time():
    one = made(OLD)

    assert one.seal("a", "run-1", "entry 3") != one.seal("a", "run-1", "entry 3")


@pytest.mark.parametrize("spot", [("run-2", "entry 3"), ("run-1", "entry 4")])
def test_a_seal_that_was_moved_does_not_open(spot):
    sealed = made(OLD).seal("a", "run-1", "entry 3")

    with pytest.raises(SealBroken, match=f"run {spot[0]} .* what is sealed at {spot[1]} was changed"):
        made(OLD).open(sealed, *spot)


@pytest.mark.parametrize("at", [9, 25, -1])
def test_a_seal_that_was_changed_does_not_open(at):
    sealed = bytearray(made(OLD).seal("abcdefgh", "run-1", "entry 3"))
    sealed[at] ^= 1

    with pytest.raises(SealBroken, match="was changed after it was written"):
        made(OLD).open(bytes(sealed), "run-1", "entry 3")


def test_a_new_key_seals_while_an_old_one_still_opens():
    before = made(OLD).seal("a", "run-1", "entry 3")
    rotated = made(NEW, OLD)
    after = rotated.seal("b", "run-1", "entry 3")

    assert rotated.open(before, "run-1", "entry 3") == "a"
    assert made(NEW).open(after, "run-1", "entry 3") == "b"
    assert rotated.key_id == made(NEW).key_id != made(OLD).key_id


def test_a_seal_of_an_unknown_key_names_it_and_those_that_are_known():
    sealed = made(OLD).seal("a", "run-1", "entry 3")

    with pytest.raises(SealBroken) as caught:
        made(NEW).open(sealed, "run-1", "entry 3")
    assert made(OLD).key_id in str(caught.value)
    assert made(NEW).key_id in str(caught.value)


def test_an_erased_seal_says_so():
    with pytest.raises(SealBroken, match="erased"):
        made(OLD).open(b"", "run-1", "entry 3")


def test_keys_are_read_newest_first():
    text = f" {base64.b64encode(NEW).decode()},\n{base64.b64encode(OLD).decode()}\n"

    assert seals.read(text, "PLANNER_JOURNAL_KEY") == (NEW, OLD)


@pytest.mark.parametrize("text", ["", " , ", "hunter2", base64.b64encode(b"short").decode(), "é" * 44])
def test_what_is_no_key_is_refused_by_the_name_of_its_secret_and_not_shown(text):
    with pytest.raises(SettingsInvalid, match=r"^PLANNER_JOURNAL_KEY: .*openssl rand") as caught:
        seals.read(text, "PLANNER_JOURNAL_KEY")
    assert "hunter2" not in str(caught.value)
