import json
import os
import re
from pathlib import Path

import pytest
from sqlalchemy import select

from planner.errors import SealBroken
from planner.log.envelopes import Keeping
from planner.log.masking import Masking, Rule
from planner.seals import Seals
from planner.store import (
    decisions,
    erasures,
    journal,
    migrate,
    open_database,
    questions,
    runs,
    sealing,
    tables,
)

ROOT = Path(__file__).resolve().parents[3]
KEYS = Seals((bytes(range(32)),), os.urandom)
OTHER = Seals((bytes(32),), os.urandom)
PIN = "canary-4711"
TEXT = "call me with Bearer canary0123456789"
HIDDEN = (PIN, "canary0123456789")


@pytest.fixture
def sealed(url):
    with open_database(url, keeping=Keeping(seals=KEYS)) as opened:
        migrate.upgrade(opened)
        yield opened


def rows(database):
    """Everything that stands in the database, as text."""

    def read(tx):
        return "\n".join(
            str(tuple(row)) for table in tables.metadata.tables.values() for row in tx.execute(select(table))
        )

    return database.read_sync(read)


def body(**more):
    return {
        "operation": "bank.login",
        "effect": "write",
        "arguments": {"pin": PIN, "amount": 5},
        "key": "0198f2c4-7d1e-7c55-9a6e-2f3f1f9f8a51",
        "output": {"note": TEXT, "wide": 2**70},
        "outcome": "applied",
        **more,
    }


def fill(database, make):
    """A run that ended, with secrets in every value that is kept of it."""
    run = make.claimed(database, goal=f"Pay. {TEXT}", input={"pin": PIN})
    asked = make.question(run)
    opened = make.append(run, 2, questions=(asked.model_dump(mode="json"),))
    database.append_sync(make.append(run, 1)._replace(entries=(make.entry(1, body=body()),)))
    database.append_sync(opened)
    answer = make.answer(comment=TEXT, value={"pin": PIN})
    database.write_sync(questions.answer, asked.decision_id, answer)
    ended = {"status": "failed", "output": {"pin": PIN}, "error": f"no: {TEXT}"}
    database.append_sync(make.append(run, 3, change=ended))
    return run, asked


def test_nothing_that_is_masked_stands_in_the_database(sealed, make):
    fill(sealed, make)

    assert not [each for each in HIDDEN if each in rows(sealed)]


def test_the_engine_reads_values_as_they_were(sealed, make):
    run, asked = fill(sealed, make)

    true = sealed.read_sync(runs.unsealed, run.id)
    entries = sealed.read_sync(journal.unsealed, run.id)
    answered = sealed.read_sync(questions.unsealed, run.id)[asked.decision_id]
    assert (true.goal, true.input, true.output) == (f"Pay. {TEXT}", {"pin": PIN}, {"pin": PIN})
    assert entries[0].entry.body == body()
    assert answered.answer.value == {"pin": PIN}


def test_everybody_else_sees_them_masked(sealed, make):
    run, asked = fill(sealed, make)

    shown = sealed.read_sync(runs.get, run.id)
    (listed,) = sealed.read_sync(runs.page).items
    entry = sealed.read_sync(journal.entries, run.id)[0].entry
    assert shown == listed
    assert (shown.input, shown.output) == ({"pin": "[masked]"}, {"pin": "[masked]"})
    assert (shown.goal, shown.error) == (
        "Pay. call me with [masked:bearer]",
        "no: call me with [masked:bearer]",
    )
    assert entry.body["arguments"] == {"pin": "[masked]", "amount": 5}
    assert entry.body["key"] == body()["key"]
    assert sealed.read_sync(questions.get, asked.decision_id).answer.value == {"pin": "[masked]"}


def test_the_caller_gets_the_output_that_the_run_was_begun_for(sealed, make):
    run, _ = fill(sealed, make)

    found = sealed.read_sync(runs.answered, run.id)

    assert (found.input, found.output) == ({"pin": "[masked]"}, {"pin": PIN})


def test_a_claim_hands_out_no_secret(sealed, make):
    run = make.claimed(sealed, input={"pin": PIN})

    assert run.input == {"pin": "[masked]"}


def test_what_is_harmless_is_kept_as_it_is_and_has_no_seal(sealed, make):
    run = make.claimed(sealed, goal="Pay.", input={"amount": 5})
    sealed.append_sync(make.append(run))

    row = sealed.read_sync(lambda tx: tx.execute(select(tables.entries)).one())
    assert (json.loads(row.body), row.sealed) == ({"outcome": "applied"}, None)
    assert sealed.read_sync(lambda tx: tx.execute(select(tables.runs.c.sealed)).scalar()) is None


def test_without_a_key_values_are_kept_as_they_are_and_shown_masked(database, make):
    run, asked = fill(database, make)

    assert PIN in rows(database)
    assert database.read_sync(runs.get, run.id).input == {"pin": "[masked]"}
    assert database.read_sync(journal.entries, run.id)[0].entry.body["arguments"]["pin"] == "[masked]"
    assert database.read_sync(questions.get, asked.decision_id).answer.value == {"pin": "[masked]"}
    assert database.read_sync(journal.unsealed, run.id)[0].entry.body == body()
    assert database.read_sync(runs.unsealed, run.id).input == {"pin": PIN}


def test_without_masking_nothing_is_sealed_or_masked(url, make):
    off = Keeping(masking=Masking(never=(), detectors=()), seals=KEYS)
    with open_database(url, keeping=off) as plain:
        migrate.upgrade(plain)
        run, _ = fill(plain, make)

        assert all(each in rows(plain) for each in HIDDEN)
        assert plain.read_sync(runs.get, run.id).input == {"pin": PIN}
        assert plain.read_sync(journal.entries, run.id)[0].entry.body == body()


def test_what_was_sealed_opens_after_masking_was_switched_off(sealed, url, make):
    run, _ = fill(sealed, make)
    with open_database(url, keeping=Keeping(masking=Masking(never=(), detectors=()), seals=KEYS)) as plain:
        assert plain.read_sync(journal.unsealed, run.id)[0].entry.body == body()
        assert plain.read_sync(runs.get, run.id).input == {"pin": "[masked]"}


@pytest.mark.parametrize("seals", [None, OTHER], ids=["no key", "another key"])
def test_without_the_right_key_the_engine_reads_nothing_and_others_read_on(sealed, url, make, seals):
    run, _ = fill(sealed, make)
    with open_database(url, keeping=Keeping(seals=seals)) as blind:
        for read in (runs.unsealed, journal.unsealed, questions.unsealed):
            with pytest.raises(SealBroken, match=run.id):
                blind.read_sync(read, run.id)
        assert blind.read_sync(runs.answered, run.id).output == {"pin": "[masked]"}
        assert blind.read_sync(journal.entries, run.id)[0].entry.body["arguments"]["pin"] == "[masked]"


def test_rules_reach_the_reason_and_comment_of_a_decision_and_no_value_of_a_run():
    policy = Masking(never=(), detectors=(), rules=(Rule(at="/reason", action="replace", replacement="-"),))

    assert sealing.masked_body({"reason": "x", "choice": "y"}, policy) == {"reason": "-", "choice": "y"}
    assert sealing.masked({"reason": "x"}, policy) == {"reason": "x"}


def test_what_belongs_to_the_engine_is_never_masked():
    pinned = {"workflow": {"name": "rotate-token"}, "pinned": {"api-key": "ab" * 32}}

    assert sealing.masked_body(pinned, Masking()) is pinned


def test_erasing_a_run_makes_what_is_sealed_in_it_unreadable(sealed, make):
    run, _ = fill(sealed, make)
    sealed.write_sync(lambda tx: decisions.insert(tx, make.decision(run_id=run.id)))

    erased = sealed.write_sync(erasures.erase, run.id, reason="asked to", actor="ada", now=make.at)

    assert erased.seals == 4
    for read in (runs.unsealed, journal.unsealed, questions.unsealed):
        with pytest.raises(SealBroken, match="erased"):
            sealed.read_sync(read, run.id)
    assert sealed.read_sync(runs.answered, run.id).output == {"pin": "[masked]"}
    assert sealed.read_sync(journal.entries, run.id)[0].entry.body["arguments"]["pin"] == "[masked]"
    assert sealed.write_sync(erasures.erase, run.id, reason="again", actor="ada", now=make.at).seals == 0


def test_a_run_that_goes_on_keeps_what_it_needs(sealed, make):
    run = make.claimed(sealed, input={"pin": PIN})
    sealed.write_sync(lambda tx: decisions.insert(tx, make.decision(run_id=run.id)))

    assert sealed.write_sync(erasures.erase, run.id, reason="asked to", actor="ada", now=make.at).seals == 0
    assert sealed.read_sync(runs.unsealed, run.id).input == {"pin": PIN}


def test_nobody_but_the_engine_opens_what_is_sealed():
    opening = re.compile(
        r"\b(?:runs|journal|questions)\.unsealed\b|(?<!\.)\bevents\.(?:arrived|unrouted)\b|\bsealing\.true\("
        r"|\b(?:true_frame|stored\.reusable)\b"
    )
    files = [file for name in ("api", "evals", "graphs", "planner") for file in (ROOT / name).rglob("*.py")]
    found = {
        str(file.relative_to(ROOT)) for file in files if opening.search(file.read_text(encoding="utf-8"))
    }

    own = {f"planner/store/{name}.py" for name in ("events", "journal", "plans", "questions", "runs")}
    # The command line only looks whether a run can be opened, before it changes anything.
    engine = {f"graphs/{name}.py" for name in ("arrivals", "dispatch", "loading", "planning", "reusing")}
    assert found == {*own, *engine, "api/commands/resuming.py"}
