"""Workers share the work, take over from one that was killed, and let go in order when told to end."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from api.commands import options
from graphs import wiring
from graphs.intake import RunRequest, begin
from planner.store import journal, migrate, open_database, runs

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
    """A project whose bank keeps its own book, and the database that its processes share."""
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


def test_concurrency_is_at_least_one(desk):
    said = desk.say("worker", "--concurrency", "0")

    assert said.code == 2
    assert json.dumps("--concurrency")[1:-1] in said.err
