import base64
from datetime import timedelta

import pytest
from sqlalchemy import text

from planner.log import chain, envelopes
from planner.log.heads import Head, Keyring, SigningKey
from planner.log.outcomes import DecisionOutcome, Override
from planner.log.retention import Retention
from planner.store import audits, decisions, erasures, holds, log, migrate, open_database, purges, tables
from planner.testing import FrozenClock

KEY = SigningKey(bytes(range(32)))
KEYS = Keyring([KEY.public])
_log = tables.log


@pytest.fixture
def database(url, make):
    """A database whose clock stands still where the records are from."""
    with open_database(url, clock=FrozenClock(make.at)) as opened:
        migrate.upgrade(opened)
        yield opened


@pytest.fixture
def filled(database, make):
    """A log of eight decisions in one stream."""
    made = [make.decision(given={"n": n}, reason=f"reason {n}", ts=make.later(days=n)) for n in range(8)]
    for each in made:
        database.write_sync(decisions.insert, each)
    return made


def verify(database, exported=(), keys=KEYS):
    return database.read_sync(audits.verify, exported, keys)


def exported(database, make, *, key=KEY):
    found = database.read_sync(audits.heads, make.at)
    return [key.sign(head) if key else head for head in found]


def tamper(database, *statements):
    """Change rows as somebody would who may do anything with the database."""

    def change(tx):
        for trigger in ("log_no_update", "log_no_delete"):
            if tx.dialect.name == "sqlite":
                tx.execute(text(f"DROP TRIGGER {trigger}"))
        if tx.dialect.name == "postgresql":
            tx.execute(text("DROP TRIGGER log_append_only ON log"))
        for statement in statements:
            tx.execute(statement)

    database.write_sync(change)


def rows(database):
    return database.read_sync(lambda tx: list(audits.records(tx)))


def codes(report):
    return {finding.code for finding in report.findings}


def at(seq):
    return _log.c.seq == seq


def test_a_log_as_it_was_written_is_right(database, filled, make):
    report = verify(database, exported(database, make))

    assert report.ok, report.findings
    assert (report.records, report.decisions, report.streams) == (9, 8, 1)
    assert (report.heads, report.signed, report.notes) == (1, 1, ())


def test_without_exported_heads_it_says_what_it_does_not_prove(database, filled):
    assert "no exported heads were compared" in verify(database).notes[0]


def test_an_edited_byte_is_found(database, filled):
    body = rows(database)[3].body.replace(b"refund", b"reFund")
    tamper(database, _log.update().where(at(3)).values(body=body))

    (finding,) = (each for each in verify(database).findings if each.code == "edited")
    assert finding.seq == 3


def test_an_edited_byte_is_found_though_its_hash_was_made_anew(database, filled):
    row = rows(database)[3]
    body = row.body.replace(b"refund", b"reship")
    changed = {"body": body, "hash": chain.digest(row.prev_hash, 3, body)}
    tamper(database, _log.update().where(at(3)).values(changed))

    report = verify(database)

    assert [(each.code, each.seq) for each in report.findings if each.code == "link"] == [("link", 4)]


def test_a_deleted_row_is_found(database, filled):
    tamper(database, _log.delete().where(at(4)))

    report = verify(database)

    assert ("missing", 5) in {(each.code, each.seq) for each in report.findings}
    assert not report.ok


def test_a_deleted_row_is_found_though_the_rest_was_numbered_anew(database, filled):
    moves = [_log.update().where(at(seq)).values(seq=seq - 1) for seq in range(5, 9)]
    tamper(database, _log.delete().where(at(4)), *moves)

    assert {"edited", "link", "tail"} <= codes(verify(database))


def test_swapped_rows_are_found(database, filled):
    third, fourth = (row._asdict() for row in rows(database)[3:5])
    names = ("ts", "kind", "decision_id", "body", "prev_hash", "hash")
    tamper(
        database,
        _log.update().where(at(3)).values({name: fourth[name] for name in names}),
        _log.update().where(at(4)).values({name: third[name] for name in names}),
    )

    assert {each.seq for each in verify(database).findings} >= {3, 4, 5}


def test_a_cut_tail_is_found_by_the_head(database, filled):
    tamper(database, _log.delete().where(_log.c.seq > 5))

    assert {each.code for each in verify(database).findings} == {"tail", "index"}


def test_a_cut_tail_with_its_head_is_found_by_the_exported_head(database, filled, make):
    heads = exported(database, make)
    fifth = rows(database)[5]
    ids = [row.decision_id for row in rows(database)[6:]]
    tamper(
        database,
        _log.delete().where(_log.c.seq > 5),
        tables.heads.update().values(seq=5, hash=fifth.hash),
        tables.decisions.delete().where(tables.decisions.c.decision_id.in_(ids)),
        tables.blobs.delete().where(tables.blobs.c.decision_id.in_(ids)),
    )

    assert verify(database).ok
    (finding,) = verify(database, heads).findings
    assert (finding.code, finding.seq) == ("tail", 8)


def _rewrite(database):
    """Make a choice another one, and every hash after it anew, with the head."""
    found = rows(database)
    bodies = [row.body for row in found]
    bodies[3] = bodies[3].replace(b'"refund"', b'"reship"', 1)
    links = list(chain.extend(chain.EMPTY, bodies))
    tamper(
        database,
        *(
            _log.update().where(at(link.seq)).values(body=body, prev_hash=link.prev_hash, hash=link.hash)
            for link, body in zip(links, bodies, strict=True)
        ),
        tables.heads.update().values(hash=links[-1].hash),
        tables.decisions.update()
        .where(tables.decisions.c.decision_id == found[3].decision_id)
        .values(choice="reship"),
    )


def test_a_rewritten_chain_is_found_by_the_exported_head(database, filled, make):
    heads = exported(database, make)
    _rewrite(database)

    (finding,) = verify(database, heads).findings
    assert (finding.code, finding.seq) == ("rewritten", 8)


def test_a_rewritten_chain_with_a_forged_head_is_found_by_the_signature(database, filled, make):
    signed = exported(database, make)[0]
    _rewrite(database)
    forged = exported(database, make, key=None)[0].model_copy(
        update={"key_id": signed.key_id, "sig": signed.sig}
    )

    assert codes(verify(database, [forged])) == {"signature"}


def test_unsigned_heads_and_unknown_keys_are_told(database, filled, make):
    other = SigningKey(bytes(32))
    heads = [*exported(database, make, key=None), *exported(database, make, key=other)]

    report = verify(database, heads)

    assert report.ok
    assert report.signed == 0
    assert "1 exported heads are unsigned" in report.notes[0]
    assert "keys that are not known" in report.notes[1]


def test_a_missing_stream_is_found_by_the_one_that_vouches_for_it(database, filled, url, make):
    first = rows(database)[0].stream
    with open_database(url, instance="two", clock=FrozenClock(make.at)) as other:
        other.write_sync(decisions.insert, make.decision())
    tamper(
        database,
        _log.delete().where(_log.c.stream == first),
        tables.heads.delete().where(tables.heads.c.stream == first),
        tables.decisions.delete().where(
            tables.decisions.c.decision_id.in_([each.decision_id for each in filled])
        ),
    )

    (finding,) = verify(database).findings
    assert (finding.code, finding.stream) == ("stream", first)


def test_a_missing_stream_is_found_by_its_exported_head(database, filled, make):
    heads = exported(database, make)
    gone = (_log.delete(), tables.heads.delete(), tables.decisions.delete(), tables.blobs.delete())
    tamper(database, *gone)

    assert codes(verify(database, heads)) == {"stream"}


@pytest.mark.parametrize(
    "statement",
    [
        tables.blobs.update().where(tables.blobs.c.name == "reason").values(bytes=b'{"/reason":"other"}'),
        tables.blobs.delete().where(tables.blobs.c.name == "reason"),
    ],
)
def test_content_that_was_changed_or_is_gone_without_a_word_is_found(database, filled, statement):
    database.write_sync(lambda tx: tx.execute(statement) and None)

    report = verify(database)

    assert codes(report) == {"content"}
    assert report.found == 8


@pytest.mark.parametrize(
    "statement",
    [
        tables.decisions.update().values(choice="reship"),
        tables.decisions.delete(),
    ],
)
def test_an_index_that_leads_astray_is_found(database, filled, statement):
    database.write_sync(lambda tx: tx.execute(statement) and None)

    assert codes(verify(database)) == {"index"}


def test_columns_that_say_something_else_are_found(database, filled, make):
    tamper(database, _log.update().where(at(2)).values(ts=make.later(days=300)))

    assert codes(verify(database)) == {"columns"}


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"kind":"decision"}', b'{"record":3}'])
def test_bytes_that_are_no_record_are_found_and_break_nothing(database, filled, body):
    row = rows(database)[8]
    changed = chain.digest(row.prev_hash, 8, body)
    tamper(
        database,
        _log.update().where(at(8)).values(body=body, hash=changed),
        tables.heads.update().values(hash=changed),
    )

    assert codes(verify(database)) == {"columns"}


def test_an_erasure_leaves_the_chain_whole_and_the_content_gone(database, filled, make):
    heads = exported(database, make)
    erased = database.write_sync(
        erasures.erase, filled[2].decision_id, reason="asked for", actor="u-1", now=make.later(days=9)
    )

    report = verify(database, heads)

    assert (erased.decisions, erased.contents) == ((filled[2].decision_id,), 2)
    assert report.ok, report.findings
    left = database.read_sync(decisions.get, filled[2].decision_id)
    assert (left.given, left.reason, left.choice) == (None, "", "refund")
    assert set(left.erased) == {"/given", "/reason"}
    assert rows(database)[-1].kind == "erasure"
    assert b"reason 2" not in b"".join(row.body for row in rows(database))


def test_a_whole_run_is_erased(database, filled, make):
    erased = database.write_sync(erasures.erase, "a-run", reason="", actor="u-1", now=make.later(days=9))

    assert len(erased.decisions) == 8
    assert verify(database).ok
    assert all(not each.reason for each in database.read_sync(decisions.of_run, "a-run"))


def test_a_purge_leaves_an_anchor_and_a_chain_that_verifies(database, filled, make):
    heads = exported(database, make)
    kept = Retention(content_days=1, envelope_days=1, floor_days=0)

    purged = database.write_sync(purges.purge, kept, make.later(days=5))

    assert purged.records == 5
    assert purged.anchors[0]["seq"] == 4
    report = verify(database, heads)
    assert report.ok, report.findings
    assert [row.seq for row in rows(database)] == [5, 6, 7, 8, 9]
    assert [each.decision_id for each in database.read_sync(decisions.of_run, "a-run")] == [
        each.decision_id for each in filled[4:]
    ]
    database.write_sync(decisions.insert, make.decision())
    assert verify(database, heads).ok
    with pytest.raises(Exception, match="append-only"):
        database.write_sync(lambda tx: tx.execute(_log.delete()) and None)


def test_content_goes_before_its_record(database, filled, make):
    purged = database.write_sync(purges.purge, Retention(), make.later(days=33))

    assert (purged.contents, purged.records) == (8, 0)
    assert verify(database).ok
    assert database.read_sync(decisions.get, filled[3].decision_id).erased
    assert not database.read_sync(decisions.get, filled[4].decision_id).erased


def test_purges_can_follow_each_other_until_everything_is_gone(database, filled, make, url):
    heads = exported(database, make)
    kept = Retention(content_days=1, envelope_days=1, floor_days=0)
    with open_database(url, instance="two", clock=FrozenClock(make.at)) as other:
        for days in range(2, 30):
            other.write_sync(purges.purge, kept, make.later(days=days))
            report = verify(other, heads)
            assert report.ok, (days, report.findings)

        assert not any(row.decision_id for row in rows(other))


def test_cutting_off_a_beginning_without_a_purge_is_found(database, filled):
    ids = [row.decision_id for row in rows(database)[:4]]
    tamper(
        database,
        _log.delete().where(_log.c.seq < 4),
        tables.decisions.delete().where(tables.decisions.c.decision_id.in_(ids)),
    )

    (finding,) = verify(database).findings
    assert (finding.code, finding.seq) == ("missing", 4)


def test_what_is_told_later_is_chained_beside_the_decision(database, filled, make):
    identity = filled[0].decision_id
    at_ = make.later(days=9)
    outcome = DecisionOutcome(label="wrong", score=0.25, source="eval", reverted=True, at=at_)
    database.write_sync(log.tell, identity, outcome)
    word = Override.model_validate({"from": "refund", "to": "reship", "actor": "u-1", "at": at_})
    database.write_sync(log.override, identity, word, comment="the customer asked")

    assert database.read_sync(log.outcomes, identity) == (outcome,)
    assert database.read_sync(log.overrides, identity) == (word,)
    assert verify(database).ok
    database.write_sync(lambda tx: tx.execute(tables.blobs.update().values(bytes=b"x")) and None)
    assert any(each.seq == 10 for each in verify(database).findings if each.code == "content")


def test_a_hold_keeps_a_run_from_being_purged(database, filled, make):
    hold = database.write_sync(holds.put, filled[2].decision_id, reason="a dispute", actor="u-1", now=make.at)
    kept = Retention(content_days=1, envelope_days=1, floor_days=0)

    purged = database.write_sync(purges.purge, kept, make.later(days=60))

    assert hold.scope == "decision"
    assert purged.records == 3
    assert database.read_sync(decisions.get, filled[2].decision_id) == filled[2]
    assert database.read_sync(decisions.get, filled[3].decision_id).erased
    assert verify(database).ok
    assert database.write_sync(holds.release, hold.id, actor="u-1", now=make.at + timedelta(days=60))
    database.write_sync(purges.purge, kept, make.later(days=90))
    assert verify(database).ok
    assert database.read_sync(decisions.of_run, "a-run") == []


def test_the_key_is_a_seed_in_base64():
    assert SigningKey.read(base64.b64encode(bytes(range(32))).decode(), "K").key_id == KEY.key_id
    head = Head(stream="s", seq=1, hash="ab" * 32, time="2026-03-01T12:00:00Z")
    assert KEYS.holds(KEY.sign(head))
    assert not KEYS.holds(KEY.sign(head).model_copy(update={"seq": 2}))
    assert envelopes.decode(envelopes.encode({"a": 1})) == {"a": 1}
