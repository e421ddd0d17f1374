"""Questions: decisions that wait for a person, each answered once."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from planner import bodies
from planner.decisions import Trigger, ids
from planner.errors import AnswerInvalid, DecisionClosed, DecisionUnknown
from planner.log import detectors, masking
from planner.log.echoes import Echoes
from planner.log.envelopes import Keeping
from planner.runs import ENDED, PersonAnswer, PersonQuestion
from planner.store import cursors, runs, sealing, streams, tables
from planner.store.cursors import Page
from planner.store.sealing import Spot

_questions = tables.questions
_ORDER = cursors.Order("questions", _questions.c.asked_at, _questions.c.decision_id)


def open_(tx: Connection, question: PersonQuestion) -> None:
    """Put the question into the inbox."""
    tx.execute(insert(_questions).values(row_of(masked(question, streams.of(tx).keeping))))


def get(tx: Connection, decision_id: str) -> PersonQuestion:
    """Return one question.

    Raises:
        DecisionUnknown: none has this id.
    """
    row = tx.execute(select(_questions).where(_questions.c.decision_id == decision_id)).one_or_none()
    if row is None:
        raise DecisionUnknown(decision_id)
    return _shown(tx, row)


def page(
    tx: Connection,
    *,
    status: str | None = "open",
    run_id: str | None = None,
    workflow: str | None = None,
    tenant: str | None = None,
    cursor: str | None = None,
    limit: int = cursors.LIMIT,
) -> Page[PersonQuestion]:
    """Return questions, newest first; of every status when `status` is None.

    Raises:
        CursorInvalid: the cursor is not one of this list.
    """
    wanted = {"status": status, "run_id": run_id, "workflow": workflow, "tenant": tenant}
    query = select(_questions).where(
        *(_questions.c[name] == value for name, value in wanted.items() if value is not None)
    )
    return cursors.newest_first(tx, query, _ORDER, make=partial(_shown, tx), cursor=cursor, limit=limit)


def unsealed(tx: Connection, run_id: str) -> dict[str, PersonQuestion]:
    """Return every question of a run by decision id, answers as they were given; for the engine alone.

    Raises:
        SealBroken: an answer is sealed, and cannot be opened.
    """
    keeping = sealing.keeping_of(tx)
    query = select(_questions).where(_questions.c.run_id == run_id)
    return {
        row.decision_id: _question(
            row, sealing.true(row.answer, row.sealed, keeping, _spot(run_id, row.decision_id))
        )
        for row in tx.execute(query)
    }


def answer(tx: Connection, decision_id: str, answer: PersonAnswer) -> PersonQuestion:
    """Answer the question and wake its run; of two answers exactly one wins.

    Raises:
        DecisionUnknown: no question has this id.
        DecisionClosed: it was answered or expired before.
        AnswerInvalid: the choice was not offered.
    """
    question = get(tx, decision_id)
    offered = [option.id for option in question.options if option.available]
    if question.status == "open" and answer.choice not in offered:
        found = (
            "declared but not offered" if answer.choice in ids(question.options) else "not among the options"
        )
        raise AnswerInvalid(decision_id, f"{answer.choice!r} is {found}; choose {' or '.join(offered)}")
    policy = streams.of(tx).keeping.masking
    comment = detectors.scrub(answer.comment, policy.detectors).text
    comment = Echoes(policy, [answer.value]).scrub(comment)
    told = answer.model_copy(update={"comment": comment}).model_dump(mode="json")
    keeping = sealing.keeping_of(tx)
    body, sealed = sealing.keep(told, keeping, _spot(question.run_id, decision_id), sealing.masked_body)
    given = {"status": "answered", "answer": body, "sealed": sealed}
    still_open = (_questions.c.decision_id == decision_id, _questions.c.status == "open")
    won = tx.execute(update(_questions).where(*still_open).values(given)).rowcount
    if not won:
        raise DecisionClosed(decision_id, happened(get(tx, decision_id), _ending(tx, question.run_id)))
    runs.wake(tx, question.run_id, answer.at)
    return get(tx, decision_id)


def forget(tx: Connection, decision_ids: Sequence[str]) -> None:
    """Delete what persons were shown and what they commented, where the question is no longer open."""
    query = select(_questions).where(
        _questions.c.decision_id.in_(decision_ids), _questions.c.status != "open"
    )
    for row in tx.execute(query).all():
        question = from_row(row)
        trigger = question.trigger and question.trigger.model_copy(update={"error": None})
        answer = question.answer and question.answer.model_copy(update={"comment": ""})
        kept = question.model_copy(update={"given": None, "trigger": trigger, "answer": answer})
        same = _questions.c.decision_id == question.decision_id
        tx.execute(update(_questions).where(same).values(row_of(kept)))


def happened(question: PersonQuestion, ending: str | None = None) -> str:
    """Return in words why the question is no longer open."""
    if question.answer is not None:
        given = question.answer
        return f"{given.actor} answered {given.choice!r} at {given.at.isoformat(timespec='seconds')}"
    if question.deadline is None or ending is not None:
        return f"its run ended{f' as {ending}' if ending else ''}"
    return f"nobody answered before {question.deadline.isoformat(timespec='seconds')}"


def masked(question: PersonQuestion, keeping: Keeping) -> PersonQuestion:
    """Return the question as it is kept and shown: without what must not be kept in its decision either."""
    told = {"given": question.given, "trigger": question.trigger and question.trigger.model_dump()}
    found = masking.mask(told, keeping.masking).value
    shown = {"given": found.get("given"), "trigger": found["trigger"], "question": question.question}
    if keeping.echoes is not None:
        shown = keeping.echoes.veil(shown)
    trigger = question.trigger and Trigger.model_validate(shown["trigger"])
    return question.model_copy(update={**shown, "trigger": trigger})


def row_of(question: PersonQuestion) -> dict[str, Any]:
    """Return the row of a question."""
    body = question.model_dump(mode="json", exclude_defaults=True, exclude={"status", "answer"})
    return {
        "decision_id": question.decision_id,
        "run_id": question.run_id,
        "tenant": question.tenant,
        "workflow": question.workflow,
        "point": question.point,
        "status": question.status,
        "asked_at": question.asked_at,
        "deadline": question.deadline,
        "body": bodies.encode(body),
        "answer": None if question.answer is None else bodies.encode(question.answer.model_dump(mode="json")),
    }


def from_row(row: Row[Any]) -> PersonQuestion:
    """Return the question that a row holds, as it is kept."""
    return _question(row, bodies.decode(row.answer))


def _shown(tx: Connection, row: Row[Any]) -> PersonQuestion:
    policy = sealing.keeping_of(tx).masking
    return _question(row, sealing.shown(row.answer, row.sealed, policy, sealing.masked_body))


def _question(row: Row[Any], answer: Any) -> PersonQuestion:
    body = bodies.decode(row.body)
    return PersonQuestion.model_validate(body | {"status": row.status, "answer": answer})


def _spot(run_id: str, decision_id: str) -> Spot:
    return Spot(run_id, f"answer {decision_id}")


def _ending(tx: Connection, run_id: str) -> str | None:
    status = runs.get(tx, run_id).status
    return status if status in ENDED else None
