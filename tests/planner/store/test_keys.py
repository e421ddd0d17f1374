import pytest

from planner.errors import KeyReused
from planner.store import keys, runs


def test_a_new_key_is_bound_to_its_run(database, make):
    claim = {"request_sha256": "s1", "now": make.at}

    assert database.write_sync(keys.claim, "k", run_id="r1", **claim) is None
    assert database.write_sync(keys.claim, "k", run_id="r2", **claim) == "r1"


def test_a_key_is_looked_up_without_being_bound(database, make):
    assert database.read_sync(keys.find, "k", request_sha256="s1") is None
    database.write_sync(keys.claim, "k", run_id="r1", request_sha256="s1", now=make.at)

    assert database.read_sync(keys.find, "k", request_sha256="s1") == "r1"
    with pytest.raises(KeyReused):
        database.read_sync(keys.find, "k", request_sha256="s2")


def test_another_request_under_the_same_key_is_refused(database, make):
    database.write_sync(keys.claim, "k", run_id="r1", request_sha256="s1", now=make.at)

    with pytest.raises(KeyReused, match="use a new key"):
        database.write_sync(keys.claim, "k", run_id="r2", request_sha256="s2", now=make.at)


def test_a_key_whose_run_could_not_begin_stays_free(database, make):
    first = make.run()
    database.write_sync(runs.create, first)

    def fails(tx):
        keys.claim(tx, "k", request_sha256="s1", run_id="r1", now=make.at)
        raise LookupError

    with pytest.raises(LookupError):
        database.write_sync(fails)
    assert database.write_sync(keys.claim, "k", run_id="r2", request_sha256="s2", now=make.at) is None
