"""Faults: a database driver's errors in words of ours, in the one place beside the door."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from planner.errors import StoreUnavailable

_SENTENCES = {
    "SQLITE_BUSY": "another process keeps it locked; end that process or let it finish, then try again",
    "SQLITE_LOCKED": "another connection keeps it locked; let it finish, then try again",
    "SQLITE_FULL": "there is no room left; free some space on its disk, then try again",
    "SQLITE_READONLY": "it is not writable; give this user the right to write the file and its folder",
    "SQLITE_CANTOPEN": "the file cannot be opened; check that its folder exists and may be written to",
    "SQLITE_PERM": "access is refused; give this user the right to read and write the file",
    "SQLITE_CORRUPT": "the file is damaged; restore it from a backup",
    "SQLITE_NOTADB": "the file is no SQLite database; name another file or restore it from a backup",
    "SQLITE_IOERR": "its disk does not read or write; check the disk and the space left on it",
    "SQLITE_TOOBIG": "one value is larger than a database row may be",
    "55P03": "another process keeps locked what was to be written; let it finish, then try again",
    "53100": "there is no room left; free some space on its server's disk, then try again",
}
"""What each primary result code of SQLite, and codes of PostgreSQL, mean for a person, and what helps."""

_UNSURE = "the connection was lost while it committed, so what was to be written may be there or not"

_STOOD_STILL = "25P03"
"""PostgreSQL ended a transaction in which nothing was done for too long."""
_STANDING = (exc.IntegrityError, exc.DataError)
"""Errors of one statement, after which its transaction stands."""


def is_fatal(error: BaseException | None) -> bool:
    """Tell whether the error may have ended the whole transaction and not only one statement."""
    return isinstance(error, exc.DBAPIError) and not isinstance(error, _STANDING)


def is_lost(error: BaseException | None) -> bool:
    """Tell whether the connection to the server was lost, and with it what was not committed."""
    return isinstance(error, exc.DBAPIError) and (error.connection_invalidated or is_undone(error))


def is_undone(error: BaseException | None) -> bool:
    """Tell whether the server says that it ended the transaction before it was to be committed."""
    return isinstance(error, exc.DBAPIError) and getattr(error.orig, "sqlstate", None) == _STOOD_STILL


def unsure(error: BaseException) -> BaseException:
    """Return the error of a commit, which says that nobody knows whether it took effect if that is so."""
    if is_lost(error) and not is_undone(error):
        error.add_note(_UNSURE)
    return error


def sentence(error: BaseException) -> str:
    """Return what a driver's error means, and what helps."""
    cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
    for code, words in _SENTENCES.items():
        if name == code or name.startswith(f"{code}_"):
            return words
    if isinstance(cause, sqlite3.OperationalError) and "no such table" in str(cause):
        return f"it lacks a table ({cause}); bring its schema up to date first"
    if isinstance(cause, sqlite3.ProgrammingError) and "closed" in str(cause):
        return "its connection is closed; open it again"
    lines = str(cause).strip().splitlines()
    told = lines[0] if lines else type(cause).__name__
    return "; ".join([told, *getattr(error, "__notes__", ())])


def ours(error: BaseException | None, database: str) -> BaseException | None:
    """Return StoreUnavailable for a driver's error, any other unchanged; `database` bears no secrets."""
    if not isinstance(error, exc.SQLAlchemyError | sqlite3.Error):
        return error
    made = StoreUnavailable(f"the database {database} cannot be used: {sentence(error)}")
    made.__cause__ = error
    return made


@contextmanager
def translated(database: str) -> Iterator[None]:
    """Turn every error of the driver into StoreUnavailable."""
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error) as error:
        raise StoreUnavailable(f"the database {database} cannot be used: {sentence(error)}") from error
