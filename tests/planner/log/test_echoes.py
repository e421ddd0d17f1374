import pytest

from planner import bodies
from planner.log.echoes import Echoes
from planner.log.masking import Masking

POLICY = Masking()


def known(*values):
    return Echoes(POLICY, values)


def test_what_stands_under_a_telling_name_is_known_wherever_it_comes_back():
    echoes = known({"user": {"password": "hunter2", "age": 41}})
    text = {"note": "wrong: hunter2!", "hunter2": ["hunter2"], "age": 41}

    assert echoes.are_in(bodies.encode(text))
    assert echoes.veil(text) == {"note": "wrong: [masked]!", "[masked]": ["[masked]"], "age": 41}


def test_numbers_and_lists_are_known_too():
    echoes = known([{"pin": 471100}, {"tokens": "no name of the list"}, {"token": ["t-5531a", 990011]}])

    assert echoes.veil([471100, "pin 471100", True, "t-5531a", 990011, 5]) == [
        "[masked]",
        "pin [masked]",
        True,
        "[masked]",
        "[masked]",
        5,
    ]


@pytest.mark.parametrize(
    "value", ["4711", 4711, "refund", "", None, True, "[masked]", "      ", {"a": "b-1234567"}]
)
def test_what_could_be_anything_is_not_followed(value):
    assert not known({"secret": value}).are_in(bodies.encode({"a": value}))


@pytest.mark.parametrize("value", ['a"b\\c\nd', "pässword-ß", "lone \ud800 1", "a/b+c=="])
def test_a_value_is_found_in_json_however_it_is_written(value):
    echoes = known({"password": value})
    written = bodies.encode({"note": f"see {value}"})

    assert echoes.are_in(written)
    assert value not in echoes.veil({"note": f"see {value}"})["note"]
    assert echoes.are_in(bodies.encode({"note": f"see {value}", "wide": 2**70}))


def test_it_learns_as_the_run_goes_on():
    echoes = known()

    assert not echoes.are_in("t-5531a")
    echoes.learn({"access_token": "t-5531a"})
    assert echoes.scrub("it is t-5531a") == "it is [masked]"


def test_the_longer_of_two_values_goes_first():
    assert known({"token": ["abc-123", "abc-123-456"]}).scrub("abc-123-456 abc-123") == "[masked] [masked]"


def test_without_names_nothing_is_known():
    off = Echoes(Masking(never=(), detectors=()), [{"password": "hunter2"}])

    assert off.scrub("hunter2") == "hunter2"
