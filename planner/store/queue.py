"""Queue: bells as jobs of Procrastinate on PostgreSQL; the one place that knows it."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Status
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text

from planner.errors import StoreUnavailable
from planner.store.bells import Heard

log = logging.getLogger(__name__)

QUEUE, TASK, TIDY = "planner", "planner.look", "planner.tidy"
AGAIN_SECONDS = 1.0
"""How long after a failure listening is begun again."""
NET_SECONDS = 15.0
"""How often Procrastinate looks for jobs of which it was not notified."""
CONNECT_SECONDS = 5.0
BEAT_SECONDS, STALLED_SECONDS = 10.0, 30.0
"""How often a process says that it lives, and after which silence another takes its jobs."""
_GRACE_SECONDS = 1.0
_CANCEL_AGAIN_SECONDS = 2.0
_EACH_MINUTE = "* * * * *"

_DROP = text("DELETE FROM procrastinate_jobs WHERE queueing_lock = :name AND status = 'todo'")
_DEFER = text(
    "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(:queue, :task, 0, NULL, CAST(:name AS text), '{}', NULL)"
    "::procrastinate_job_to_defer_v1])"
)
_MARK = "COMMENT ON TABLE procrastinate_jobs IS '{}'"
_FOUND = text(
    "SELECT to_regclass('procrastinate_jobs') IS NOT NULL,"
    " obj_description(to_regclass('procrastinate_jobs'), 'pg_class')"
)


class Queue:
    """Jobs that carry nothing: whoever gets one looks for runs."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        """Make it.

        Args:
            arguments: of a connection, as psycopg takes them.
        """
        self._arguments = {name: value for name, value in arguments.items() if name != "context"}
        # Each job brings four lines that tell nobody anything, a lost connection a trace beside our warning.
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)

    def install(self, tx: Connection, *, only_pre: bool = False) -> None:
        """Make Procrastinate's tables, or carry out the library's migrations that they lack.

        Args:
            tx: the transaction.
            only_pre: stop before the first that an older library would not bear.

        Raises:
            StoreUnavailable: the tables are newer than the library, or somebody else's.
        """
        connection, known = tx.connection.driver_connection, _versions()
        if connection is None:
            raise StoreUnavailable("the database has no connection to make Procrastinate's tables with")
        found = _found(tx)
        if found is None:
            connection.execute(SchemaManager.get_schema())
            connection.execute(_MARK.format(known[-1]))
            return
        for name in _missing(found, known):
            if only_pre and _is_post(name):
                return
            connection.execute((_folder() / name).read_text(encoding="utf-8"))
            connection.execute(_MARK.format(name))

    def check(self, connection: Connection) -> None:
        """Return when the installed library can work with Procrastinate's tables, also where `post` waits.

        Raises:
            StoreUnavailable: they are older, newer, absent or somebody else's.
        """
        found, known = _found(connection), _versions()
        missing = known if found is None else _missing(found, known)
        if found is None or (missing and not _is_post(missing[0])):
            state = "lacks the tables of Procrastinate" if found is None else f"has those of {found}"
            raise StoreUnavailable(
                f"the database {state}, and this program needs {known[-1]}; run `planner migrate`"
            )

    def put(self, tx: Connection, name: str) -> None:
        """Put a job into the queue, in the place of one of the same name that nobody has fetched yet.

        That one could be fetched before this transaction commits, and what it tells be missed.
        """
        tx.execute(_DROP, {"name": name})
        tx.execute(_DEFER, {"queue": QUEUE, "task": TASK, "name": name})

    async def listen(self, heard: Heard) -> None:
        """Fetch jobs and await `heard` for each, for ever; after a failure it begins anew."""
        while True:
            try:
                await _ended_with_us(asyncio.create_task(self._work(heard)))
                log.warning("listening for other processes ended; it is begun again")
            except (ProcrastinateException, psycopg.Error) as exc:
                log.warning("other processes cannot be heard", extra={"error": str(exc.__cause__ or exc)})
            except Exception:
                log.exception("listening for other processes failed; it is begun again")
            await asyncio.sleep(AGAIN_SECONDS)

    async def _work(self, heard: Heard) -> None:
        connector = PsycopgConnector(
            kwargs=self._arguments, min_size=1, max_size=2, timeout=CONNECT_SECONDS, name="planner-queue"
        )
        app = _app(connector, heard)
        try:
            await app.open_async()
            await app.run_worker_async(
                queues=[QUEUE],
                delete_jobs="always",
                fetch_job_polling_interval=NET_SECONDS,
                update_heartbeat_interval=BEAT_SECONDS,
                stalled_worker_timeout=STALLED_SECONDS,
                shutdown_graceful_timeout=_GRACE_SECONDS,
                install_signal_handlers=False,
            )
        finally:
            await app.close_async()  # also what a cancelled opening has begun


async def _ended_with_us(working: asyncio.Task[None]) -> None:
    """Wait for a task, which is cancelled with the caller, and as often as it takes.

    The pool of connections waits by `asyncio.wait_for`, which before Python 3.12 loses a cancellation that
    comes just as the wait is over.
    """
    try:
        await asyncio.shield(working)
    finally:
        while not working.done():
            working.cancel()
            await asyncio.wait({working}, timeout=_CANCEL_AGAIN_SECONDS)


def _app(connector: PsycopgConnector, heard: Heard) -> App:
    app = App(connector=connector)

    @app.task(name=TASK, queue=QUEUE)
    async def look() -> None:
        await heard()

    # It also keeps the worker watchful: with no periodic task it does not notice that its listener failed.
    @app.periodic(cron=_EACH_MINUTE)
    @app.task(name=TIDY, queue=QUEUE, queueing_lock=TIDY)
    async def tidy(timestamp: int) -> None:
        del timestamp
        if await _dropped(app):
            await heard()

    return app


async def _dropped(app: App) -> bool:
    """Drop jobs that a process took with it when it died; tell whether there was any."""
    found = await app.job_manager.get_stalled_jobs(queue=QUEUE, seconds_since_heartbeat=STALLED_SECONDS)
    stalled = list(found)
    for job in stalled:
        with contextlib.suppress(ProcrastinateException):  # another process was first
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=True)
    return bool(stalled)


def _folder() -> Path:
    return Path(SchemaManager.get_migrations_path())


def _versions() -> list[str]:
    """Return the names of the library's migrations, the newest last."""
    return sorted(path.name for path in _folder().glob("*.sql"))


def _found(connection: Connection) -> str | None:
    """Return the newest migration that we carried out; None where there are no tables.

    Raises:
        StoreUnavailable: the tables are not ours.
    """
    is_there, version = connection.execute(_FOUND).one()
    if is_there and version is None:
        raise StoreUnavailable(
            "the database has another program's tables of Procrastinate; give this one a database of its own"
        )
    return None if version is None else str(version)


def _missing(found: str, known: list[str]) -> list[str]:
    """Return the migrations that follow a version.

    Raises:
        StoreUnavailable: the library knows no such version.
    """
    if found not in known:
        raise StoreUnavailable(
            f"the database has the tables of Procrastinate {found}, and the installed library ends with "
            f"{known[-1]}; install the newer one: pip install -U procrastinate"
        )
    return known[known.index(found) + 1 :]


def _is_post(name: str) -> bool:
    """Tell whether a migration takes away what an older library needs."""
    return "_post_" in name
