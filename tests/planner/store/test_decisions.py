from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from planner.decisions import ModelInfo
from planner.errors import CursorInvalid, DecisionUnknown, StoreUnavailable
from planner.log import envelopes
from planner.store import decisions, tables


def keep(database, *made):
    for decision in made:
        database.write_sync(decisions.insert, decision)


def test_a_decision_comes_back_whole(database, make):
    model = ModelInfo(requested="m", responded="m-1", host="127.0.0.1:9")
    made = make.decision(
        given={"total": 12.5, "note": None}, model=model, reason="cheap", budget_left={"tokens": 5}
    )
    keep(database, made)

    assert database.read_sync(decisions.get, made.decision_id) == made


def test_its_stored_form_is_compact_and_names_its_schema(database, make):
    made = make.decision()
    keep(database, made)

    query = select(tables.log.c.body).where(tables.log.c.kind == "decision")
    body = database.read_sync(lambda tx: tx.execute(query).scalar_one())

    assert envelopes.decode(body)["record"]["schema"] == "decision/1"
    assert len(body) < 800
    assert b": " not in body


def test_whose_it_is_stands_in_the_bytes_that_are_chained(database, make):
    keep(database, make.decision(tenant="acme"))

    query = select(tables.log.c.body).where(tables.log.c.kind == "decision")
    body = database.read_sync(lambda tx: tx.execute(query).scalar_one())

    assert envelopes.decode(body)["record"]["tenant"] == "acme"


def test_an_unknown_decision_is_said_to_be_unknown(database):
    with pytest.raises(DecisionUnknown, match="there is no decision 'nobody'"):
        database.read_sync(decisions.get, "nobody")


def test_the_same_decision_is_never_logged_twice(database, make):
    made = make.decision()
    keep(database, made)

    with pytest.raises(StoreUnavailable) as caught:
        keep(database, made)
    assert isinstance(caught.value.__cause__, IntegrityError)


def test_content_that_is_gone_reads_as_empty_and_is_told(database, make):
    made = make.decision(given={"total": 12.5}, given_sha256="ab", reason="cheap", proposed="x")
    keep(database, made)
    gone = tables.blobs.delete().where(tables.blobs.c.name == "given")
    database.write_sync(lambda tx: tx.execute(gone) and None)

    erased = {"given": None, "given_sha256": "", "erased": ("/given", "/given_sha256")}
    assert database.read_sync(decisions.get, made.decision_id) == made.model_copy(update=erased)


def test_a_record_that_was_changed_is_not_read_as_if_nothing_had_happened(database, make):
    made = make.decision()
    keep(database, made)
    of = {"sqlite": "log_no_update", "postgresql": "log_append_only ON log"}
    database.write_sync(lambda tx: tx.execute(text(f"DROP TRIGGER {of[tx.dialect.name]}")) and None)
    database.write_sync(lambda tx: tx.execute(tables.log.update().values(body=b"{}")) and None)

    with pytest.raises(StoreUnavailable, match="planner decisions verify"):
        database.read_sync(decisions.get, made.decision_id)


def test_the_decisions_of_a_run_follow_its_journal(database, make):
    route = make.decision(kind="route", workflow=None, point="route")
    second, first = (make.decision(run_seq=seq, ts=make.at - timedelta(seconds=seq)) for seq in (9, 4))
    keep(database, second, first, route, make.decision(run_id="another"))

    assert database.read_sync(decisions.of_run, "a-run") == [route, first, second]
    ids = [each.decision_id for each in (route, first, second)]
    assert database.read_sync(decisions.ids_of_run, "a-run") == ids


@pytest.mark.parametrize(
    "wanted",
    [
        {"point": "late-order/ask"},
        {"kind": "recover"},
        {"decided_by": "person"},
        {"outcome_class": "timeout"},
        {"choice": "reship"},
        {"run_id": "another"},
        {"tenant": "acme"},
        {"decided_by": "person", "choice": "reship"},
    ],
)
def test_the_log_is_asked_by_what_people_look_for(database, make, wanted):
    found, other = make.decision(**wanted), make.decision()
    keep(database, found, other)

    assert database.read_sync(decisions.page, **wanted).items == (found,)


def test_the_log_is_asked_by_workflow_and_time(database, make):
    other = make.decision(workflow=make.decision().workflow.model_copy(update={"name": "checkout"}))
    early, late = make.decision(ts=make.later(hours=1)), make.decision(ts=make.later(hours=2))
    keep(database, other, early, late)

    assert database.read_sync(decisions.page, workflow="checkout").items == (other,)
    span = {"since": make.later(hours=1), "until": make.later(hours=2)}
    assert database.read_sync(decisions.page, **span).items == (early,)


def test_pages_hold_every_decision_once_newest_first(database, make):
    made = [make.decision(ts=make.later(seconds=n // 2)) for n in range(7)]
    keep(database, *made)

    first = database.read_sync(decisions.page, limit=5)
    second = database.read_sync(decisions.page, limit=5, cursor=first.next_cursor)

    assert [*first.items, *second.items] == sorted(made, key=lambda each: (each.ts, each.decision_id))[::-1]
    assert second.next_cursor is None


def test_a_cursor_that_does_not_exist_is_refused(database):
    with pytest.raises(CursorInvalid):
        database.read_sync(decisions.page, cursor="rubbish")
