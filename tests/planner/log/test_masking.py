import pytest
from pydantic import ValidationError

from planner.log.masking import NEVER, Masking, Rule, is_never, mask

PLAIN = Masking()


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "Password",
        "user_password",
        "userPassword",
        "API-Key",
        "apiKey",
        "X-Api-Key",
        "accessToken",
        "TOKEN",
        "card",
        "pin",
        "set-cookie",
    ],
)
def test_a_name_that_is_never_kept_is_known_however_it_is_written(name):
    assert is_never(name, NEVER)


@pytest.mark.parametrize(
    "name", ["tokens", "shipping", "passenger", "discard", "keyboard", "key", "compass", "order"]
)
def test_a_name_that_only_sounds_like_it_is_kept(name):
    assert not is_never(name, NEVER)


def test_values_of_such_names_are_masked_wherever_they_are():
    found = mask(
        {"a": [{"Password": {"deep": 1}}, {"token": ""}], "pin": 0, "secret": None}, PLAIN, at="/given"
    )

    assert found.value == {"a": [{"Password": "[masked]"}, {"token": ""}], "pin": "[masked]", "secret": None}
    assert found.pointers == ("/given/a/0/Password", "/given/pin")


def test_texts_and_numbers_and_names_are_looked_into():
    found = mask(
        {"note": "card 4111111111111111", "n": 4111111111111111, "sk-abcdefghijklmnop1234": 1}, PLAIN
    )

    assert found.value == {"note": "card [masked:card]", "n": "[masked:card]", "[masked:api_key]": 1}
    assert len(found.pointers) == 3


def test_nothing_is_changed_where_nothing_is_found():
    value = {"message": "late", "total": 12.5, "lines": [1, None, True], "odd": 2**70}

    assert mask(value, PLAIN) == (value, ())


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("remove", {"other": 1}),
        ("replace", {"phone": "[masked]", "other": 1}),
        ("keep_last4", {"phone": "…4567", "other": 1}),
        (
            "hash",
            {"phone": "sha256:6a7f5dcc26ae1ca3ad8eba0f62da4b40bb9e3e6f49c4a5fbdb3b1c1a2ff1fd23", "other": 1},
        ),
    ],
)
def test_a_rule_acts_at_its_place(action, left):
    policy = Masking(rules=(Rule(at="/given/phone", action=action),))
    found = mask({"phone": "+49 30 1234567", "other": 1}, policy, at="/given")

    if action == "hash":
        assert found.value["phone"].startswith("sha256:")
        assert len(found.value["phone"]) == len(left["phone"])
        assert found.value == mask({"phone": "+49 30 1234567", "other": 1}, policy, at="/given").value
    else:
        assert found.value == left
    assert found.pointers == ("/given/phone",)


def test_a_rule_reaches_every_item_and_may_remove_all():
    policy = Masking(
        rules=(Rule(at="/given/lines/*/name", action="remove"), Rule(at="/given/list/*", action="remove"))
    )

    assert mask(
        {"lines": [{"name": "a", "n": 1}, {"name": "b"}], "list": [1, 2]}, policy, at="/given"
    ).value == {
        "lines": [{"n": 1}, {}],
        "list": [],
    }


def test_the_last_four_of_a_short_text_are_not_kept():
    policy = Masking(rules=(Rule(at="/given/a", action="keep_last4"),))

    assert mask({"a": "12345"}, policy, at="/given").value == {"a": "[masked]"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"never": ("--",)},
        {"rules": ({"at": "given", "action": "hash"},)},
        {"rules": ({"at": "/choice", "action": "remove"},)},
        {"rules": ({"at": "/model/requested", "action": "remove"},)},
        {"detectors": ("x",)},
    ],
)
def test_a_policy_that_cannot_work_is_refused(wrong):
    with pytest.raises(ValidationError):
        Masking(**wrong)
