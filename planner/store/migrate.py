"""Migrate: bringing a database's schema to the one this code was written for; forward only.

A migration of phase `pre` leaves alone what programs of before use; `post` takes away what only they need.
"""

import threading
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Literal, get_args

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, text

from planner.errors import StoreUnavailable
from planner.store import tables
from planner.store.bells import Queue
from planner.store.database import Database

Phase = Literal["pre", "post"]

_FOLDER = Path(__file__).parent / "migrations"
_TURNS = threading.Lock()
"""Alembic keeps its context in module globals, so the databases of one process are upgraded one by one."""
_LOCK = 0x706C616E6E6572
"""What processes that upgrade one PostgreSQL database at once take turns on."""


def upgrade(database: Database, *, to: Phase = "post") -> None:
    """Bring the schema up to date, all or nothing; one that is newer is left as it is where we bear it.

    Args:
        database: an empty one gets the whole schema.
        to: `pre` stops before the first migration that programs of before would not bear.

    Raises:
        StoreUnavailable: the database cannot be used, or its schema is newer than what this program bears.
    """
    with _TURNS:
        database.write_sync(_upgrade, database.name, to, database.bell.queue)


def current(database: Database) -> str | None:
    """Return the revision of the database's schema; None before the first upgrade."""
    return database.read_sync(_current)


def head() -> str:
    """Return the revision that this code was written for."""
    return str(_scripts().get_current_head())


def pending(database: Database) -> dict[str, Phase]:
    """Return the phases of the migrations that wait, by revision, the oldest first."""
    return {script.revision: _phase(script) for script in _pending(current(database))}


def check(database: Database) -> None:
    """Return when this program can work on the schema, also where `post` waits or a later program did `pre`.

    Raises:
        StoreUnavailable: it is older, newer or absent; the message says what to do.
    """
    database.read_sync(_check, database.name)
    if database.bell.queue is not None:
        database.read_sync(database.bell.queue.check)


def config(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; its scripts run on the connection that is handed over."""
    made = Config()
    made.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def _upgrade(tx: Connection, name: str, to: Phase, queue: Queue | None) -> None:
    if tx.dialect.name == "postgresql":
        _take_turn(tx)
    found = _current(tx)
    if _is_newer(found):
        _refuse_unbearable(tx, found, name)
        return
    wanted = _pending(found)
    if to == "pre" and found is not None:
        wanted = list(takewhile(lambda script: _phase(script) == "pre", wanted))
    if wanted:
        command.upgrade(config(tx), wanted[-1].revision)
        _note(tx, wanted)
    if queue is not None:
        queue.install(tx, only_pre=to == "pre")


def _note(tx: Connection, done: list[Script]) -> None:
    """Write down what was done, once there is where to."""
    if inspect(tx).has_table(tables.migrations.name):
        noted = [{"revision": script.revision, "phase": _phase(script)} for script in done]
        tx.execute(insert(tables.migrations).values(noted))


def _take_turn(tx: Connection) -> None:
    """Wait for whoever else upgrades, however long; what else is locked is waited for as in any write."""
    waits = str(tx.execute(text("SHOW lock_timeout")).scalar_one())
    tx.execute(text("SET LOCAL lock_timeout = 0"))
    tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    tx.execute(text("SELECT set_config('lock_timeout', :waits, true)"), {"waits": waits})
    # A migration may think for long between two statements.
    tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def _check(tx: Connection, name: str) -> None:
    found = _current(tx)
    if _is_newer(found):
        _refuse_unbearable(tx, found, name)
        return
    waiting = [_phase(script) for script in _pending(found)]
    if found is not None and "pre" not in waiting:
        return
    state = "has no tables yet" if found is None else f"has the schema {found}"
    remedy = "upgrade it first, which starting the server does"
    if found is not None and waiting[0] == "post":
        remedy = "run `planner migrate` once no process of an older version uses it"
    raise StoreUnavailable(f"the database {name} {state}, and this program needs {head()}; {remedy}")


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(config())


def _known() -> list[Script]:
    """Return the migrations that this program knows, the oldest first."""
    return list(reversed(list(_scripts().walk_revisions())))


def _pending(found: str | None) -> list[Script]:
    """Return what follows a revision; nothing does where it is a later program's."""
    known = _known()
    if found is None:
        return known
    return list(dropwhile(lambda script: script.revision != found, known))[1:]


def _phase(script: Script) -> Phase:
    return next(each for each in get_args(Phase) if f"_{each}_" in Path(script.path).name)


def _is_newer(found: str | None) -> bool:
    return found is not None and found not in {script.revision for script in _known()}


def _refuse_unbearable(tx: Connection, found: str | None, name: str) -> None:
    """Refuse a newer schema unless it says that everything we do not know of was `pre`."""
    known = {script.revision for script in _known()}
    noted: dict[str, str] = {}
    if inspect(tx).has_table(tables.migrations.name):
        rows = tx.execute(select(tables.migrations.c.revision, tables.migrations.c.phase))
        noted = {revision: phase for revision, phase in rows if revision not in known}
    if found not in noted or set(noted.values()) != {"pre"}:
        raise StoreUnavailable(
            f"the database {name} has the schema {found}, which is newer than this program, whose newest is "
            f"{head()}; start the program that made it, or a later one"
        )
