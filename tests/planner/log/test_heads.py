import base64

import pytest

from planner.errors import HeadsInvalid
from planner.log import heads
from planner.log.heads import Head, Keyring, SigningKey

KEY = SigningKey(bytes(range(32)))
HEAD = Head(stream="s", seq=7, hash="ab" * 32, time="2026-03-01T12:00:00Z")


def test_a_signed_head_comes_back_from_its_line_and_is_accepted():
    (found,) = heads.read(heads.lines([KEY.sign(HEAD)]), "heads.jsonl")

    assert Keyring([KEY.public]).holds(found)
    assert found.key_id == KEY.key_id


@pytest.mark.parametrize(
    "change",
    [
        {"stream": "t"},
        {"seq": 8},
        {"hash": "cd" * 32},
        {"time": "2026-03-01T12:00:01Z"},
        {"sig": "AAAA"},
        {"sig": "?"},
        {"sig": None},
    ],
)
def test_a_changed_head_is_not_accepted(change):
    changed = Head.model_validate(KEY.sign(HEAD).model_dump(mode="json") | change)

    assert Keyring([KEY.public]).knows(changed)
    assert not Keyring([KEY.public]).holds(changed)


def test_a_head_of_another_key_is_not_accepted():
    other = SigningKey(bytes(32)).sign(HEAD)

    assert not Keyring([KEY.public]).knows(other)
    assert not Keyring([KEY.public]).holds(other)
    assert not Keyring()


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "not base64!", base64.b64encode(bytes(33)).decode()])
def test_what_is_no_key_is_refused_without_being_repeated(text):
    with pytest.raises(HeadsInvalid, match="the secret K is not 32 bytes in base64") as caught:
        SigningKey.read(text, "K")
    assert not text or text not in str(caught.value)


def test_a_line_that_is_no_head_is_named():
    with pytest.raises(HeadsInvalid, match=r"file:2 is no head"):
        heads.read(heads.lines([HEAD]) + "{}\n", "file")
