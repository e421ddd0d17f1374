"""Logged decisions are asked again as they were asked, and only where the log allows."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from planner import reasking
from planner.decisions import Answer, Attempt, Confidence, Decision, Offered, Usage
from planner.definition import Workflow
from planner.log.outcomes import DecisionOutcome, Override
from planner.reasking import Stored

AT = datetime(2026, 1, 5, tzinfo=UTC)
OPTIONS = (
    Offered(id="a"),
    Offered(id="b"),
    Offered(id="c", available=False, excluded_by="its guard is false"),
)


def stored(number=1, *, run="r-1", goal="Be right.", otherwise="b", **more):
    fields = {
        "decision_id": f"{run}/{number}",
        "kind": "choose",
        "run_id": run,
        "run_seq": number,
        "point": "w/pick",
        "path": "pick",
        "ts": AT,
        "duration_ms": 20.0,
        "question": "Which?",
        "given": {"n": number},
        "options": OPTIONS,
        "option_order": ("b", "a"),
        "decided_by": "model",
        "choice": "a",
        "deadline_ms": 4000,
        "attempts": (Attempt(n=1, started=AT, ms=5, outcome_class="ok"),),
        "usage": Usage(input=10, output=2),
    }
    return Stored(Decision(**fields | more), goal, otherwise)


def test_the_right_choice_is_the_newest_word_that_names_an_option():
    decision = stored().decision

    def told(day, label):
        return DecisionOutcome(label=label, at=AT + timedelta(days=day))

    override = Override.model_validate({"from": "a", "to": "c", "actor": "u-1", "at": AT + timedelta(days=2)})
    assert reasking.right_choice(decision, (), ()) is None
    assert reasking.right_choice(decision, (told(1, "wrong"),), ()) is None
    assert reasking.right_choice(decision, (told(1, "right"),), ()) == "a"
    assert reasking.right_choice(decision, (told(1, "right"), told(3, "b")), (override,)) == "b"
    assert reasking.right_choice(decision, (told(1, "b"),), (override,)) == "c"


class Says:
    """A decider that answers by the number given, in so many attempts."""

    def __init__(self, answers, *, attempts=1, delay=0.0):
        self.answers, self.attempts, self.delay = answers, attempts, delay
        self.asked = []
        self.at_once = self.most_at_once = 0

    async def choose(self, question):
        self.asked.append(question)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.delay)
        self.at_once -= 1
        answer = self.answers.get(question.given["n"], "a")
        tries = tuple(
            Attempt(n=n, started=AT, ms=1, outcome_class="ok")
            for n in range(1, min(self.attempts, question.max_attempts) + 1)
        )
        made = answer if isinstance(answer, Answer) else Answer(outcome_class="ok", choice=answer)
        return made.model_copy(update={"attempts": tries})

    async def fill(self, *_asked, **_more):
        raise AssertionError


def ask(listed, decider, **more):
    return asyncio.run(reasking.ask(listed, decider, **{"concurrency": 4} | more))


def test_the_question_is_what_was_asked_in_the_recorded_order():
    question = reasking.question_of(stored())

    assert (question.question, question.goal, question.given) == ("Which?", "Be right.", {"n": 1})
    assert [option.id for option in question.available] == ["b", "a"]
    assert [option.excluded_by for option in question.options if not option.available] == [
        "its guard is false"
    ]
    assert question.deadline_seconds == 4.0


def test_an_unusable_answer_takes_the_declared_otherwise():
    decider = Says({1: Answer(outcome_class="refused")})

    found = ask([stored()], decider).pairs[0]

    assert (found.after.choice, found.after.decided_by, found.after.outcome_class) == (
        "b",
        "otherwise",
        "refused",
    )
    assert not found.same


def test_an_unusable_answer_is_told_apart_where_nobody_knows_the_otherwise():
    found = ask([stored(otherwise=None)], Says({1: Answer(outcome_class="timeout")})).pairs[0]

    assert found.after.choice == reasking.OTHERWISE


def test_a_choice_that_was_excluded_is_no_answer():
    found = ask([stored()], Says({1: "c"})).pairs[0]

    assert (found.after.outcome_class, found.after.choice) == ("invalid", "b")


def test_the_recorded_least_confidence_gates_as_it_did():
    unsure = Answer(outcome_class="ok", choice="a", confidence=Confidence(value=0.4, source="probabilities"))

    found = ask([stored(min_confidence=0.7)], Says({1: unsure})).pairs[0]

    assert found.after.outcome_class == "abstained"


def test_only_the_first_difference_of_a_run_is_comparable():
    listed = [stored(n, run=run) for run in ("r-1", "r-2") for n in (1, 2, 3, 4)]

    found = ask(list(reversed(listed)), Says({2: "b", 4: "b"})).pairs

    assert [pair.comparable for pair in found] == [True, True, False, False] * 2
    assert [pair.same for pair in found] == [True, False, True, False] * 2


@pytest.mark.parametrize(
    ("each", "why"),
    [
        (stored(erased=("/given",)), "its content was erased: /given"),
        (stored(goal=None), "its run was never begun"),
        (stored(decided_by="person", deadline_ms=None), "no model was asked"),
    ],
)
def test_what_cannot_be_asked_again_is_told_with_the_reason(each, why):
    decider = Says({})

    found = ask([each], decider)

    assert found.pairs == []
    assert why in found.unasked[0].why
    assert decider.asked == []


def test_no_more_requests_are_made_than_allowed():
    decider = Says({}, attempts=2)

    found = ask([stored(n) for n in range(20)], decider, max_calls=7)

    assert sum(pair.after.requests for pair in found.pairs) == 7
    assert len(found.pairs) + len(found.unasked) == 20
    assert {each.why for each in found.unasked} == {"the 7 requests allowed were used up"}


def test_requests_that_were_held_and_not_used_are_used_by_others():
    found = ask([stored(n) for n in range(20)], Says({}, delay=0.001), max_calls=12, concurrency=20)

    assert len(found.pairs) == 12


def test_an_answer_of_several_samples_is_asked_only_where_all_of_them_are_allowed():
    decider = Says({}, attempts=1)

    found = ask([stored(n) for n in range(5)], decider, max_calls=7, samples=3, concurrency=1)

    # Each answer of this decider takes one request; three must be allowed before it is asked.
    assert len(found.pairs) == 5
    assert ask([stored()], decider, max_calls=2, samples=3).unasked[0].why.startswith("the 2 requests")


def test_no_more_are_asked_at_once_than_allowed():
    decider = Says({}, delay=0.002)

    ask([stored(n) for n in range(12)], decider, concurrency=3)

    assert decider.most_at_once == 3


WORKFLOW = Workflow.model_validate(
    {
        "workflow": "w",
        "steps": {
            "lines": {
                "foreach": "${input.lines}",
                "steps": {"pick": {"decide": "Which?", "options": {"a": {}, "b": {}}, "otherwise": "b"}},
            },
            "pay": {
                "call": "shop.pay",
                "recover": {
                    "decide": "And now?",
                    "by": "model",
                    "allow": ["retry", "fail"],
                    "otherwise": "fail",
                },
            },
        },
    }
)


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"path": "lines[3].pick"}, "b"),
        ({"path": "lines~2[0].pick"}, "b"),
        ({"path": "gone"}, None),
        ({"decided_by": "otherwise", "choice": "a", "path": "gone"}, "a"),
        ({"kind": "route", "options": (*OPTIONS, Offered(id="none"))}, "none"),
        ({"kind": "recover", "path": "pay", "options": (Offered(id="retry"), Offered(id="fail"))}, "fail"),
        ({"kind": "recover", "path": "pay", "options": (Offered(id="retry"), Offered(id="undo"))}, None),
    ],
)
def test_the_otherwise_is_found_in_the_record_or_the_definition(more, found):
    assert reasking.otherwise_of(stored(**more).decision, WORKFLOW) == found
