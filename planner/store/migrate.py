"""Migrate: bringing a database's schema to the one this code was written for; forward only."""

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from planner.errors import StoreUnavailable
from planner.store.database import Database

_FOLDER = Path(__file__).parent / "migrations"
_TURNS = threading.Lock()
"""Alembic keeps its context in module globals, so the databases of one process are upgraded one by one."""
_LOCK = 0x706C616E6E6572
"""What processes that upgrade one PostgreSQL database at once take turns on."""


def upgrade(database: Database) -> None:
    """Bring the schema up to date, all or nothing; a schema that is newer is refused.

    Raises:
        StoreUnavailable: the database cannot be used, or its schema is newer than this program.
    """
    with _TURNS:
        database.write_sync(_upgrade, database.name)


def current(database: Database) -> str | None:
    """Return the revision of the database's schema; None before the first upgrade."""
    return database.read_sync(_current)


def head() -> str:
    """Return the revision that this code was written for."""
    return str(_scripts().get_current_head())


def check(database: Database) -> None:
    """Return when the schema is the one this code was written for.

    Raises:
        StoreUnavailable: it is older, newer or absent; the message says what to do.
    """
    found = current(database)
    if found == head():
        return
    _refuse_newer(found, database.name)
    state = "has no tables yet" if found is None else f"has the schema {found}"
    raise StoreUnavailable(
        f"the database {database.name} {state}, and this program needs {head()}; "
        "upgrade it first, which starting the server does"
    )


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; its scripts run on the connection that is handed over."""
    made = Config()
    made.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def _upgrade(tx: Connection, name: str) -> None:
    if tx.dialect.name == "postgresql":
        _take_turn(tx)
    _refuse_newer(_current(tx), name)
    command.upgrade(config(tx), "head")


def _take_turn(tx: Connection) -> None:
    """Wait for whoever else upgrades, however long; what else is locked is waited for as in any write."""
    waits = str(tx.execute(text("SHOW lock_timeout")).scalar_one())
    tx.execute(text("SET LOCAL lock_timeout = 0"))
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    tx.execute(text("SELECT set_config('lock_timeout', :waits, true)"), {"waits": waits})
    # A migration may think for long between two statements.
    tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def _refuse_newer(found: str | None, name: str) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if found is not None and found not in known:
        raise StoreUnavailable(
            f"the database {name} has the schema {found}, which is newer than this program, whose newest is "
            f"{head()}; start the program that made it, or a later one"
        )
