import pytest

from planner.planning import policy
from planner.planning.manifest import Change, Manifest
from planner.planning.policy import Policy


def change(**more):
    fields = {
        "operation": "payments.charge",
        "effect": "write",
        "at_most": 1,
        "taken_back_by": "payments.refund",
        "asked": True,
        "confirmed": True,
    }
    return Change(**{**fields, **more})


def manifest(*changes, **more):
    unknown = ("model_calls", "tokens", "cost_usd", "duration")
    fields = {"changes": changes, "reads": (), "calls": 1, "model_decisions": 0, "person_decisions": 0}
    fields |= {"contracts": {}, **dict.fromkeys(unknown)}
    return Manifest(**{**fields, **more})


def reasons(found, rules=Policy(), *, findings=0, complete=True):  # noqa: B008 - frozen
    return policy.reasons(rules, found, findings=findings, complete=complete)


def test_what_is_asked_for_and_can_be_taken_back_needs_no_person():
    assert reasons(manifest(change())) == ()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"effect": "irreversible", "taken_back_by": None}, "payments.charge cannot be taken back"),
        ({"taken_back_by": None}, "payments.charge cannot be taken back"),
        ({"confirmed": False}, "nobody declared what payments.charge changes"),
        ({"asked": False}, "the goal does not ask for payments.charge"),
        ({"at_most": None}, "nothing bounds how often payments.charge is called"),
    ],
)
def test_a_change_that_is_risky_or_unasked_needs_a_person(more, reason):
    assert reasons(manifest(change(**more))) == (reason,)
    lax = Policy(irreversible=False, unconfirmed=False, unasked=False, unbounded=False)
    assert reasons(manifest(change(**more)), lax) == ()


def test_a_strict_policy_lets_a_person_look_at_every_change():
    assert reasons(manifest(change()), Policy(changes=True)) == ("payments.charge changes something",)
    assert reasons(manifest(), Policy(changes=True)) == ()


def test_a_cost_above_the_limit_or_without_a_bound_needs_a_person():
    rules = Policy(cost_usd=0.1)
    assert reasons(manifest(model_decisions=2, cost_usd=0.05), rules) == ()
    assert "may cost 0.5 USD" in reasons(manifest(model_decisions=2, cost_usd=0.5), rules)[0]
    assert "does not bound" in reasons(manifest(model_decisions=2), rules)[0]
    assert reasons(manifest(), rules) == ()


def test_what_simulation_found_or_did_not_see_needs_a_person():
    assert reasons(manifest(), findings=2) == ("simulation found 2 ways for things to go wrong",)
    assert reasons(manifest(), complete=False) == ("simulation did not see every way within its bounds",)
    assert reasons(manifest(), Policy(findings=False), findings=2, complete=False) == ()
