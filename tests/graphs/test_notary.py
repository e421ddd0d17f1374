"""The notary: heads that leave the database, and retention that is carried out."""

import asyncio
import base64
from datetime import timedelta

import pytest

from graphs import notary
from graphs.notary import Notary
from planner.clock import new_id
from planner.decisions import Decision
from planner.log.envelopes import Keeping
from planner.log.retention import Retention
from planner.settings import HeadSettings, Settings
from planner.store import audits, decisions, migrate, open_database
from planner.testing import START, FrozenClock

SEED = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def database(tmp_path, clock):
    keeping = Keeping(retention=Retention(content_days=0))
    with open_database(f"sqlite:///{tmp_path}/planner.db", clock=clock, keeping=keeping) as opened:
        migrate.upgrade(opened)
        yield opened


def decide(database):
    fields = {"kind": "choose", "run_id": "r", "point": "w/s", "question": "?", "options": ()}
    made = Decision(decision_id=new_id(), ts=START, decided_by="rule", choice="a", reason="so", **fields)
    database.write_sync(decisions.insert, made)
    return made


def settings(tmp_path, **more):
    return Settings(heads=HeadSettings(file=tmp_path / "out" / "heads.jsonl"), **more)


def test_heads_are_written_signed_and_only_when_the_log_moved(database, clock, tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_LOG_KEY", SEED)
    config = settings(tmp_path)
    made = Notary(database, config, clock)

    async def export():
        return [len(await made.export()) for _ in range(3)]

    assert asyncio.run(export()) == [0, 0, 0]
    decide(database)
    assert asyncio.run(export()) == [1, 0, 0]
    decide(database)
    assert asyncio.run(export()) == [1, 0, 0]

    found = notary.exported(config.heads)
    report = database.read_sync(audits.verify, found, notary.keyring(config.heads))
    assert [head.seq for head in found] == [2, 4]
    assert (report.ok, report.heads, report.signed) == (True, 2, 2)


def test_two_notaries_do_not_witness_each_other_for_ever(database, clock, tmp_path):
    url = f"sqlite:///{tmp_path}/planner.db"
    decide(database)
    with open_database(url, clock=clock, instance="two") as other:
        decide(other)
        both = [Notary(each, settings(tmp_path), clock) for each in (database, other)]

        async def alternate():
            return [bool(await made.export()) for _ in range(4) for made in both]

        assert not any(asyncio.run(alternate())[4:])


def test_a_server_looks_after_the_log_while_it_runs(database, clock, tmp_path, capsys):
    made = decide(database)
    config = settings(tmp_path)
    config = config.model_copy(update={"heads": config.heads.model_copy(update={"stdout": True})})

    async def serve():
        clock.advance(timedelta(seconds=1))
        kept = Notary(database, config, clock)
        await kept.start()
        for _ in range(100):
            if database.read_sync(decisions.get, made.decision_id).erased:
                break
            await asyncio.sleep(0.02)
        await kept.stop()

    asyncio.run(serve())

    assert database.read_sync(decisions.get, made.decision_id).reason == ""
    assert capsys.readouterr().out == config.heads.file.read_text()
    assert database.read_sync(audits.verify, notary.exported(config.heads)).ok


def test_a_file_that_cannot_be_written_stops_nothing(database, clock, tmp_path, caplog):
    decide(database)
    (tmp_path / "out").write_text("in the way")

    async def serve():
        kept = Notary(database, settings(tmp_path), clock)
        await kept.start()
        await kept.stop()

    asyncio.run(serve())

    assert "could not be looked after" in caplog.text
