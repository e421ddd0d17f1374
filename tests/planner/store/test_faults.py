import sqlite3

import pytest
from sqlalchemy import exc

from planner.errors import StoreUnavailable
from planner.store import faults


def drivers_error(name, text="boom", kind=sqlite3.OperationalError):
    error = kind(text)
    error.sqlite_errorname = name
    return exc.OperationalError("INSERT", {}, error)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SQLITE_BUSY", "another process keeps it locked"),
        ("SQLITE_BUSY_SNAPSHOT", "another process keeps it locked"),
        ("SQLITE_FULL", "no room left"),
        ("SQLITE_READONLY_DIRECTORY", "not writable"),
        ("SQLITE_CANTOPEN", "cannot be opened"),
        ("SQLITE_CORRUPT_INDEX", "damaged"),
        ("SQLITE_NOTADB", "no SQLite database"),
        ("SQLITE_IOERR_FSYNC", "disk does not read or write"),
        ("SQLITE_NEW_IN_A_LATER_VERSION", "boom"),
    ],
)
def test_a_code_of_sqlite_becomes_a_sentence(name, words):
    assert words in faults.sentence(drivers_error(name))


def test_the_first_line_stands_for_an_error_of_another_driver():
    error = exc.OperationalError("SELECT", {}, ConnectionRefusedError("connection refused\nis it running?"))

    assert faults.sentence(error) == "connection refused"


def test_an_error_without_words_is_named_by_its_class():
    assert (
        faults.sentence(exc.OperationalError("SELECT", {}, ConnectionResetError())) == "ConnectionResetError"
    )


@pytest.mark.parametrize("kind", exc.DBAPIError.__subclasses__() + exc.DatabaseError.__subclasses__())
def test_every_class_of_driver_error_becomes_ours(kind):
    words = "the database here cannot be used: boom"

    with pytest.raises(StoreUnavailable, match=words), faults.translated("here"):
        raise kind("SELECT", {}, sqlite3.Error("boom"))


def test_a_full_pool_is_ours_too_and_others_pass_unchanged():
    error = LookupError("x")

    assert isinstance(faults.ours(exc.TimeoutError("pool"), "here"), StoreUnavailable)
    assert faults.ours(error, "here") is error
    assert faults.ours(None, "here") is None


def test_a_clash_of_keys_leaves_the_transaction_standing_and_a_lost_disk_does_not():
    assert not faults.is_fatal(exc.IntegrityError("INSERT", {}, sqlite3.IntegrityError("clash")))
    assert not faults.is_fatal(LookupError())
    assert faults.is_fatal(drivers_error("SQLITE_IOERR"))
