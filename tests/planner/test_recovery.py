"""The menu of safe actions, over every outcome class and every effect class."""

import itertools
from typing import get_args

import pytest

from planner import recovery
from planner.recovery import Failure
from tools.operations import EffectClass, FunctionBinding, Operation, Reconcile, Undo
from tools.outcomes import Outcome

EFFECTS = get_args(EffectClass)
FAILURES = ("not_sent", "rejected", "unknown", "applied_bad")
FULL = {"optional": True, "substitutes_left": 1, "to_undo": 1, "choices_left": 5}


def failure(effect, outcome, *, contract=True, **more):
    made = Operation(
        name="shop.act",
        service="shop",
        effect=effect,
        undo=Undo(call="shop.undo") if contract else None,
        reconcile=Reconcile(call="shop.find", applied_when="true") if contract else None,
        binding=FunctionBinding(target="nowhere:nothing"),
    )
    return Failure(made, Outcome(kind=outcome), **{**FULL, **more})


def available(found):
    return {option.id for option in recovery.menu(found) if option.available}


EXPECTED = {
    ("not_sent", "read"): {"retry", "substitute", "skip", "undo", "person", "fail"},
    ("not_sent", "write"): {"retry", "substitute", "skip", "undo", "person", "fail"},
    ("not_sent", "irreversible"): {"retry", "substitute", "skip", "undo", "person", "fail"},
    ("rejected", "read"): {"substitute", "skip", "undo", "person", "fail"},
    ("rejected", "keyed"): {"substitute", "skip", "undo", "person", "fail"},
    ("rejected", "write"): {"substitute", "skip", "undo", "person", "fail"},
    ("unknown", "read"): {"retry", "reconcile", "substitute", "skip", "undo", "person", "fail"},
    ("unknown", "idempotent"): {"retry", "reconcile", "undo", "person", "fail"},
    ("unknown", "keyed"): {"retry", "reconcile", "undo", "person", "fail"},
    ("unknown", "write"): {"reconcile", "undo", "person", "fail"},
    ("unknown", "irreversible"): {"reconcile", "undo", "person", "fail"},
    ("applied_bad", "read"): {"retry", "substitute", "skip", "undo", "person", "fail"},
    ("applied_bad", "idempotent"): {"retry", "substitute", "skip", "undo", "person", "fail"},
    ("applied_bad", "keyed"): {"reconcile", "undo", "person", "fail"},
    ("applied_bad", "write"): {"undo", "person", "fail"},
    ("applied_bad", "irreversible"): {"undo", "person", "fail"},
}


@pytest.mark.parametrize(("place", "actions"), EXPECTED.items())
def test_a_run_of_a_plan_is_replanned_where_a_step_could_be_skipped(place, actions):
    outcome, effect = place

    found = available(failure(effect, outcome, replans_left=1))
    assert ("replan" in found) == ("skip" in actions)
    assert found - {"replan"} == actions


def test_a_run_that_was_replanned_often_enough_or_cannot_be_is_not_replanned():
    def why(**more):
        menu = recovery.menu(failure("read", "rejected", **more))
        return next(each.excluded_by for each in menu if each.id == "replan")

    assert why(replans_left=0) == "the run was replanned as often as it may be"
    assert why(replans_left=1, unplannable="it holds a choice") == "it holds a choice"


def test_a_rule_replans_before_it_gives_up_and_after_it_went_around():
    plain = {"optional": False, "substitutes_left": 0, "replans_left": 2}
    for more, action in ((plain, "replan"), (plain | {"optional": True}, "skip")):
        found = failure("read", "rejected", **more)
        assert recovery.safest(recovery.menu(found), found) == action


@pytest.mark.parametrize(("place", "actions"), EXPECTED.items())
def test_the_menu_follows_the_table(place, actions):
    outcome, effect = place

    assert available(failure(effect, outcome)) == actions


@pytest.mark.parametrize(("outcome", "effect"), list(itertools.product(FAILURES, EFFECTS)))
def test_every_excluded_action_says_why(outcome, effect):
    for option in recovery.menu(failure(effect, outcome, contract=False, optional=False, substitutes_left=0)):
        assert option.available == (option.excluded_by is None)


@pytest.mark.parametrize("effect", ["write", "irreversible"])
def test_an_unknown_write_without_a_look_up_leaves_only_a_person_or_the_end(effect):
    assert available(failure(effect, "unknown", contract=False)) == {"person", "fail"}


@pytest.mark.parametrize(("outcome", "effect"), list(itertools.product(FAILURES, EFFECTS)))
def test_a_definition_can_only_narrow_the_menu(outcome, effect):
    found = failure(effect, outcome)

    narrowed = {o.id for o in recovery.menu(found, allow=["retry", "fail"]) if o.available}

    assert narrowed == available(found) & {"retry", "fail"}


@pytest.mark.parametrize(("outcome", "effect"), list(itertools.product(FAILURES, EFFECTS)))
def test_when_the_choices_are_spent_nothing_is_left_that_could_lead_to_another(outcome, effect):
    left = available(failure(effect, outcome)) - {"retry", "reconcile", "substitute"}

    assert available(failure(effect, outcome, choices_left=0)) == left


def test_an_optional_step_whose_choices_are_spent_is_still_skipped_by_rule():
    found = failure("keyed", "rejected", choices_left=0)

    assert recovery.safest(recovery.menu(found), found) == "skip"


def test_after_an_irreversible_effect_nothing_goes_backwards():
    found = failure("write", "rejected", irreversible="mail.send")

    undo = next(option for option in recovery.menu(found) if option.id == "undo")

    assert not undo.available
    assert "mail.send" in undo.excluded_by


def test_undo_needs_something_to_take_back():
    assert "undo" not in available(failure("write", "rejected", to_undo=0))


@pytest.mark.parametrize(
    ("outcome", "effect", "action"),
    [
        ("unknown", "write", "reconcile"),
        ("rejected", "write", "substitute"),
        ("not_sent", "read", "substitute"),
        ("applied_bad", "write", "person"),
    ],
)
def test_the_safest_action_finds_out_goes_around_or_asks(outcome, effect, action):
    found = failure(effect, outcome)

    assert recovery.safest(recovery.menu(found), found) == action


def test_the_safest_action_of_a_plain_no_is_to_fail():
    found = failure("write", "rejected", optional=False, substitutes_left=0)

    assert recovery.safest(recovery.menu(found), found) == "fail"


def test_a_person_may_also_say_what_happened():
    offered = {option.id for option in recovery.person_menu(failure("write", "unknown")) if option.available}

    assert offered == {"reconcile", "undo", "fail", "applied", "not_applied"}


def test_a_person_may_adopt_a_wrong_answer():
    assert "adopt" in {option.id for option in recovery.person_menu(failure("write", "applied_bad"))}


def test_repeating_a_call_that_would_not_be_sent_is_no_choice_but_a_person_may_wait_for_it():
    found = failure("read", "not_sent", closed="service 'shop' is left in peace for 30 s")

    retry = next(option for option in recovery.menu(found) if option.id == "retry")

    assert retry.excluded_by == "service 'shop' is left in peace for 30 s"
    assert "retry" in {option.id for option in recovery.person_menu(found) if option.available}


@pytest.mark.parametrize(
    ("outcome", "code", "effect", "again"),
    [
        ("not_sent", "connect", "write", True),
        ("not_sent", "arguments", "read", False),
        ("not_sent", "secret_missing", "read", False),
        ("unknown", "timeout", "keyed", True),
        ("unknown", "timeout", "write", False),
        ("rejected", "http_422", "read", False),
        ("applied_bad", "check", "read", False),
    ],
)
def test_only_what_is_safe_is_repeated_without_a_choice(outcome, code, effect, again):
    made = failure(effect, outcome).operation

    assert recovery.repeatable(made, Outcome(kind=outcome, code=code)) is again


def test_where_nothing_that_is_allowed_is_safe_the_run_may_be_ended():
    found = recovery.menu(failure("write", "unknown"), allow=["retry", "substitute"])

    assert [option.id for option in found if option.available] == ["fail"]


def test_the_safest_action_is_one_of_those_that_are_left():
    found = failure("read", "not_sent")

    assert recovery.safest(recovery.menu(found, allow=["retry", "person"]), found) == "person"
    assert recovery.safest(recovery.menu(found, allow=["retry", "undo"]), found) == "undo"


def test_a_person_may_always_end_the_run_and_need_not_say_what_is_not_so():
    found = failure("read", "unknown", choices_left=0)

    offered = {option.id for option in recovery.person_menu(found, allow=["person"]) if option.available}

    assert offered == {"fail", "applied"}
