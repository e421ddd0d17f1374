import threading

import pytest

from planner.errors import AnswerInvalid, CursorInvalid, DecisionClosed, DecisionUnknown
from planner.store import open_database, questions, runs


def ask(database, make, run=None, **fields):
    """A question of a waiting run."""
    owner = run or database.write_sync(runs.create, make.run(status="waiting"))
    asked = make.question(owner, **fields)
    database.write_sync(questions.open_, asked)
    return asked


def test_a_question_comes_back_as_it_was_asked(database, make):
    asked = ask(database, make, given={"total": 5}, deadline=make.later(days=2), otherwise="refund")

    assert database.read_sync(questions.get, asked.decision_id) == asked


def test_an_answer_closes_the_question_and_wakes_the_run(database, make):
    asked = ask(database, make)
    given = make.answer(comment="Poor man.", value={"a": 1}, at=make.later(hours=1))

    answered = database.write_sync(questions.answer, asked.decision_id, given)

    assert (answered.status, answered.answer) == ("answered", given)
    assert database.read_sync(questions.get, asked.decision_id) == answered
    assert database.read_sync(runs.get, asked.run_id).wake_at == make.later(hours=1)


def test_the_second_answer_is_told_what_the_first_was(database, make):
    asked = ask(database, make)
    database.write_sync(questions.answer, asked.decision_id, make.answer(actor="bob"))

    with pytest.raises(DecisionClosed, match="bob answered 'refund' at 2026-03-01T12:00:00"):
        database.write_sync(questions.answer, asked.decision_id, make.answer())
    assert database.read_sync(questions.get, asked.decision_id).answer.actor == "bob"


def test_of_many_answers_at_once_exactly_one_wins(database, url, make):
    asked = ask(database, make)
    won, lost = [], []

    def work(actor):
        with open_database(url) as own:
            try:
                own.write_sync(questions.answer, asked.decision_id, make.answer(actor=actor))
                won.append(actor)
            except DecisionClosed:
                lost.append(actor)

    threads = [threading.Thread(target=work, args=(f"p{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (len(won), len(lost)) == (1, 5)
    assert database.read_sync(questions.get, asked.decision_id).answer.actor == won[0]


def test_an_answer_after_the_deadline_was_acted_upon_is_told_so(database, make):
    asked = ask(database, make, status="expired", deadline=make.later(hours=1))

    with pytest.raises(DecisionClosed, match="nobody answered before 2026-03-01T13:00:00"):
        database.write_sync(questions.answer, asked.decision_id, make.answer())


@pytest.mark.parametrize(
    ("choice", "why"), [("reship", "declared but not offered"), ("dance", "not among the options")]
)
def test_an_answer_that_was_not_offered_changes_nothing(database, make, choice, why):
    asked = ask(database, make)

    with pytest.raises(AnswerInvalid, match=f"{why}; choose refund"):
        database.write_sync(questions.answer, asked.decision_id, make.answer(choice))
    assert database.read_sync(questions.get, asked.decision_id).status == "open"


def test_a_question_that_nobody_asked_cannot_be_answered(database, make):
    with pytest.raises(DecisionUnknown):
        database.write_sync(questions.answer, "nobody", make.answer())


def test_the_inbox_holds_open_questions_newest_first(database, make):
    run = database.write_sync(runs.create, make.run(status="waiting"))
    old, new = (ask(database, make, run, asked_at=make.later(hours=n)) for n in (1, 2))
    closed = ask(database, make, run, status="expired")

    assert database.read_sync(questions.page).items == (new, old)
    assert database.read_sync(questions.page, status=None, run_id=run.id).items == (new, old, closed)
    assert database.read_sync(questions.page, workflow="checkout").items == ()
    first = database.read_sync(questions.page, limit=1)
    assert database.read_sync(questions.page, limit=1, cursor=first.next_cursor).items == (old,)


def test_the_inbox_is_asked_by_tenant(database, make):
    mine, other = ask(database, make, tenant="acme"), ask(database, make)

    assert database.read_sync(questions.page, tenant="acme").items == (mine,)
    assert database.read_sync(questions.page, tenant="default").items == (other,)


def test_a_cursor_that_does_not_exist_is_refused(database):
    with pytest.raises(CursorInvalid):
        database.read_sync(questions.page, cursor="rubbish")
