"""What a run did is read from its journal, and what stands of it can be taken back."""

from datetime import UTC, datetime

from planner.effects import Ledger, effects, standing
from planner.journal import Entry, Numbered
from tools.operations import FunctionBinding, Operation, Undo

AT = datetime(2026, 1, 5, tzinfo=UTC)


def journal(*rows):
    return [
        Numbered(seq, Entry(kind=kind, path=path, attempt=attempt, at=AT, body=body))
        for seq, (kind, path, attempt, body) in enumerate(rows, start=1)
    ]


def outcome(path, state, *, effect="write", attempt=1, **more):
    return (
        "outcome",
        path,
        attempt,
        {"operation": f"shop.{path}", "effect": effect, "outcome": state, **more},
    )


def operation(name):
    undo = None if "mail" in name else Undo(call="shop.undo")
    return Operation(name=name, service="shop", undo=undo, binding=FunctionBinding(target="a:b"))


def told(*rows):
    return standing(effects(journal(*rows)), operation)


def test_an_intention_without_an_outcome_is_in_doubt():
    stands = told(("intention", "pay", 1, {"operation": "shop.pay", "effect": "write"}))

    assert [effect.state for effect in stands.in_doubt] == ["intended"]


def test_applied_effects_come_newest_first():
    stands = told(outcome("a", "applied"), outcome("b", "applied"))

    assert [effect.path for effect in stands.undoable] == ["b", "a"]


def test_reads_and_refusals_leave_nothing_to_take_back():
    stands = told(outcome("a", "applied", effect="read"), outcome("b", "rejected"), outcome("c", "not_sent"))

    assert stands == ((), (), ())


def test_attempts_with_one_key_are_one_effect():
    stands = told(
        outcome("a", "unknown", effect="keyed", key="k"),
        outcome("a", "applied", effect="keyed", key="k", attempt=2),
    )

    assert [(effect.path, effect.attempt) for effect in stands.undoable] == [("a", 2)]
    assert stands.in_doubt == ()


def test_an_unanswered_attempt_stays_in_doubt_though_a_later_one_was_not_sent():
    stands = told(
        outcome("a", "unknown", effect="keyed", key="k"),
        outcome("a", "not_sent", effect="keyed", key="k", attempt=2),
    )

    assert [effect.attempt for effect in stands.in_doubt] == [1]


def test_a_settled_outcome_replaces_the_doubt():
    settled = ("settled", "pay", 1, {"outcome": "applied", "output": {"id": 7}, "by": "person"})
    stands = told(outcome("pay", "unknown"), settled)

    assert stands.undoable[0].output == {"id": 7}
    assert stands.undoable[0].settled_by == "person"


def test_what_was_taken_back_no_longer_stands():
    taken = (
        "outcome",
        "undo:a",
        1,
        {"operation": "shop.undo", "effect": "idempotent", "outcome": "applied", "undoes": "a"},
    )

    assert told(outcome("a", "applied"), taken) == ((), (), ())


def test_what_has_no_undo_is_left_and_what_is_kept_is_not_mentioned():
    stands = told(outcome("mail", "applied"), outcome("b", "applied", keep=True))

    assert [effect.path for effect in stands.left] == ["mail"]
    assert stands.undoable == ()


def test_a_look_up_settles_the_attempts_before_it_too():
    stands = told(
        outcome("a", "unknown", effect="keyed", key="k"),
        outcome("a", "unknown", effect="keyed", key="k", attempt=2),
        ("settled", "a", 2, {"outcome": "not_sent", "by": "reconcile"}),
        outcome("a", "rejected", effect="keyed", key="k", attempt=3),
    )

    assert stands == ((), (), ())


def test_a_step_and_its_substitute_are_two_effects_with_undos_of_their_own():
    stands = told(
        outcome("a", "applied_bad", effect="idempotent", arguments={"n": 1}),
        outcome("a", "applied", effect="idempotent", attempt=2, arguments={"n": 2}),
    )

    assert [(e.attempt, e.undo_path) for e in stands.undoable] == [(2, "undo:a~2"), (1, "undo:a")]


def test_taking_back_one_effect_of_a_visit_leaves_the_other_standing():
    stands = told(
        outcome("a", "applied_bad", effect="idempotent", arguments={"n": 1}),
        outcome("a", "applied", effect="idempotent", attempt=2, arguments={"n": 2}),
        outcome("undo:a~2", "applied", effect="idempotent", undoes="a"),
    )

    assert [effect.attempt for effect in stands.undoable] == [1]


def test_a_ledger_tells_the_same_as_the_whole_journal_after_every_entry():
    rows = [
        outcome("pay", "unknown"),
        outcome("reconcile:pay", "applied", effect="write"),
        ("settled", "pay", 1, {"outcome": "applied", "output": {"id": 7}, "by": "person"}),
        outcome("mail", "applied", effect="irreversible"),
        outcome("undo:pay", "unknown", undoes="pay"),
        ("settled", "undo:pay", 1, {"outcome": "applied", "by": "person"}),
    ]
    ledger = Ledger(operation)
    counts = []
    for numbered in journal(*rows):
        ledger.take(numbered)
        whole = standing(effects(journal(*rows[: numbered.seq])), operation)
        assert ledger.standing() == whole
        counts.append((ledger.undoable, ledger.irreversible))

    assert counts == [(0, None), (0, None), (1, None), (1, "shop.mail"), (1, "shop.mail"), (0, "shop.mail")]
