"""Workers share the work, take over from one that was killed, and let go in order when told to end."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from sqlalchemy import text

from api.commands import options
from graphs import wiring
from graphs.intake import RunRequest, begin
from planner import postgres
from planner.errors import StoreUnavailable
from planner.store import journal, migrate, open_database, runs
from planner.store.database import BUSY_MS

ROOT = Path(__file__).resolve().parents[3]
RUNS = 40

OPERATIONS = '''
import os, time
from pathlib import Path


def pay(order: str, book: str) -> dict:
    """Write one line for a payment, as a service keeps its own books."""
    time.sleep(0.02)
    handle = os.open(book, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, f"{order}\\n".encode())
    os.close(handle)
    time.sleep(0.02)
    return {"order": order}


def find(order: str, book: str) -> dict:
    """Tell how often an order was paid."""
    path = Path(book)
    return {"times": path.read_text().splitlines().count(order) if path.exists() else 0}
'''
CATALOG = """
services:
  bank:
    python: {{pay: "{module}:pay", find: "{module}:find"}}
    operations:
      find: {{effect: read}}
      pay:
        effect: write
        reconcile:
          call: find
          with: {{order: "${{input.order}}", book: "${{input.book}}"}}
          applied_when: "${{found.times > 0}}"
          output: {{order: "${{input.order}}"}}
"""
PAY = """
workflow: pay
input:
  type: object
  required: [order, book]
  properties: {order: {type: string}, book: {type: string}}
steps:
  first:
    call: bank.pay
    with: {order: "${input.order}/1", book: "${input.book}"}
    recover: {by: rule, otherwise: reconcile}
  second:
    call: bank.pay
    with: {order: "${input.order}/2", book: "${input.book}"}
    recover: {by: rule, otherwise: reconcile}
output: {order: "${input.order}"}
"""


@pytest.fixture
def project(tmp_path, url):
    return made(tmp_path, url)


def made(tmp_path, url):
    """Make a project whose bank keeps its own book, and return its settings with the database told."""
    module = f"bank_{tmp_path.name}"
    (tmp_path / "workflows").mkdir()
    (tmp_path / f"{module}.py").write_text(OPERATIONS, encoding="utf-8")
    (tmp_path / "catalog.yaml").write_text(CATALOG.format(module=module).lstrip(), encoding="utf-8")
    (tmp_path / "workflows" / "pay.yaml").write_text(PAY.lstrip(), encoding="utf-8")
    return options.configured(tmp_path, url, lease_seconds=1.0)


def environment(config):
    return {
        **os.environ,  # noqa: TID251 - the child's own environment
        "PLANNER_PROJECT": str(config.project),
        "PLANNER_DATABASE_URL": config.database_url,
        "PLANNER_LEASE_SECONDS": "1.0",
        "PLANNER_CONCURRENCY": "4",
        "PYTHONPATH": str(config.project),
    }


@contextmanager
def worker(config, *, release=ROOT):
    """One worker process; it is gone when the block ends."""
    command = [sys.executable, "-m", "api", "worker"]
    with subprocess.Popen(
        command, cwd=release, env=environment(config), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert "moves runs" in process.stdout.readline()
            yield process
        finally:
            process.kill()


async def queue(config, count):
    """Take runs in without moving them, as a server without dispatch does."""
    async with wiring.open_services(config, dispatch=False) as opened:
        for n in range(count):
            given = {"order": f"o-{n}", "book": str(config.project / "book")}
            request = RunRequest(workflow="pay", input=given)
            await begin(request, opened.parts, opened.dispatcher, started_by="test")


def statuses(config):
    with open_database(config.database_url) as store:
        return Counter(run.status for run in store.read_sync(runs.page, limit=200).items)


def settled(config, *, within=60):
    until = time.monotonic() + within
    while (found := statuses(config)).keys() - {"succeeded"} and time.monotonic() < until:
        time.sleep(0.2)
    return found


def book(config):
    return Counter((config.project / "book").read_text(encoding="utf-8").splitlines())


@pytest.mark.acceptance
def test_when_one_of_three_workers_is_killed_all_runs_end_and_every_effect_happens_once(project):
    asyncio.run(queue(project, RUNS))
    assert statuses(project) == {"queued": RUNS}

    with ExitStack() as stack:
        victim, *_ = [stack.enter_context(worker(project)) for _ in range(3)]
        while len(book(project) if (project.project / "book").exists() else ()) < RUNS // 4:
            time.sleep(0.01)
        victim.send_signal(signal.SIGKILL)
        found = settled(project)

    assert found == {"succeeded": RUNS}
    assert book(project) == {f"o-{n}/{step}": 1 for n in range(RUNS) for step in (1, 2)}


@pytest.mark.acceptance
def test_a_worker_that_is_told_to_end_lets_go_in_order(project):
    asyncio.run(queue(project, 12))

    with worker(project) as first:
        while not (project.project / "book").exists():
            time.sleep(0.01)
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 0
    left = statuses(project)
    assert "running" not in left

    with worker(project):
        assert settled(project) == {"succeeded": 12}
    assert set(book(project).values()) == {1}
    with open_database(project.database_url) as store:
        ids = [run.id for run in store.read_sync(runs.page, limit=50).items]
        told = [entry.body for each in ids for _, entry in store.read_sync(journal.entries, each)]
    assert not any(body.get("code") == "crash" for body in told)


MIGRATION = """
'''{about}'''

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"


def upgrade() -> None:
    {change}
"""
LATER = {
    "pre_add_colour": 'op.add_column("runs", sa.Column("colour", sa.Text(), nullable=True))',
    "post_drop_colour": 'op.drop_column("runs", "colour")',
}


@pytest.fixture
def next_release(tmp_path):
    """The program of the next release: this one with two migrations more."""
    folder = tmp_path / "next"
    for package in ("planner", "tools", "graphs", "api", "evals"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    newest = int(migrate.head())
    for number, (name, change) in enumerate(LATER.items(), newest + 1):
        told = {"revision": f"{number:04}", "before": f"{number - 1:04}", "change": change, "about": name}
        versions = folder / "planner" / "store" / "migrations" / "versions"
        (versions / f"{number:04}_{name}.py").write_text(MIGRATION.format(**told).lstrip(), encoding="utf-8")
    return folder


def say(config, *words, release=ROOT):
    command = [sys.executable, "-m", "api", *words]
    return subprocess.run(
        command, cwd=release, env=environment(config), capture_output=True, text=True, check=False
    )


@pytest.mark.acceptance
def test_two_releases_share_the_runs_of_a_rolling_upgrade(project, next_release):
    asyncio.run(queue(project, RUNS))

    with worker(project) as old:
        while not (project.project / "book").exists():
            time.sleep(0.01)
        told = json.loads(say(project, "migrate", "--to", "pre", "--json", release=next_release).stdout)
        assert (int(told["to"]) - int(told["from"]), len(told["pending"])) == (1, 1)
        with worker(project, release=next_release), worker(project):
            assert "can be written" in say(project, "doctor").stdout
            old.send_signal(signal.SIGTERM)
            assert old.wait(20) == 0
            found = settled(project)
    assert found == {"succeeded": RUNS}
    assert set(book(project).values()) == {1}

    assert say(project, "migrate", release=next_release).returncode == 0
    refused = say(project, "worker")
    assert (refused.returncode, "newer than this program" in refused.stderr) == (3, True)
    with worker(project, release=next_release):
        pass


class Outage(NamedTuple):
    """A database that does not do its work for a while."""

    url: str
    words: str
    """Which say so to whoever writes meanwhile."""
    lasts: Callable[[], AbstractContextManager[None]]


def full_file(request):
    disk = request.getfixturevalue("disk")
    return Outage(f"sqlite:///{disk.folder / 'planner.db'}", "no room left", disk.full)


@contextmanager
def locked(file):
    """Keep an SQLite file locked for longer than anybody waits."""
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(BUSY_MS / 1000)
        yield


def locked_file(request):
    file = request.getfixturevalue("tmp_path") / "planner.db"
    return Outage(f"sqlite:///{file}", "another process keeps it locked", partial(locked, file))


def full_server(request):
    disk, server = request.getfixturevalue("disk"), request.getfixturevalue("own_server")
    data = disk.folder / "data"
    data.mkdir()
    shutil.chown(data, server.owner)
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLESPACE small LOCATION '{data}'")
        connection.execute("CREATE DATABASE small TABLESPACE small")
    return Outage(f"{server.url.rpartition('/')[0]}/small", "no room left", disk.full)


@contextmanager
def stopped(server):
    server.stop()
    yield
    server.start()


def stopped_server(request):
    server = request.getfixturevalue("own_server")
    return Outage(server.url, "cannot be used: .*onnection", partial(stopped, server))


@pytest.fixture
def own_server(postgresql_server):
    del postgresql_server  # skips where none is installed
    with postgres.server(durable=False) as running:
        yield running


@pytest.mark.acceptance
@pytest.mark.parametrize("kind", [full_file, locked_file, full_server, stopped_server])
def test_runs_outlive_a_database_that_does_not_do_its_work(kind, request, tmp_path):
    outage = kind(request)
    config = made(tmp_path, outage.url)
    asyncio.run(queue(config, RUNS))

    with worker(config):
        while not (config.project / "book").exists():
            time.sleep(0.01)
        with outage.lasts(), open_database(outage.url, busy_ms=100) as other:
            with pytest.raises(StoreUnavailable, match=outage.words):
                other.write_sync(probe)
            time.sleep(1)
        found = settled(config)

    assert found == {"succeeded": RUNS}
    assert book(config) == {f"o-{n}/{step}": 1 for n in range(RUNS) for step in (1, 2)}


def probe(tx):
    """Write more than fits into what a file still has room for."""
    tx.execute(text("CREATE TABLE probe (body TEXT)"))
    tx.execute(text("INSERT INTO probe VALUES (:body)"), {"body": os.urandom(1_000_000).hex()})


def test_concurrency_is_at_least_one(desk):
    said = desk.say("worker", "--concurrency", "0")

    assert said.code == 2
    assert json.dumps("--concurrency")[1:-1] in said.err
