"""Whole runs over the MCP reference servers: what was done and decided, and what a killed server leaves."""

import asyncio
import shutil
from pathlib import Path

import pytest

from graphs import wiring
from graphs.intake import RunRequest, begin
from planner import project
from planner.effects import effects
from planner.settings import Settings
from planner.store import decisions, journal, runs
from tools import listings
from tools.routes import Reach

pytestmark = [pytest.mark.real, pytest.mark.acceptance, pytest.mark.timeout(300)]

NOTES = Path(__file__).parents[2] / "examples" / "notes"
SECRET = "hush-hush-very-secret"


@pytest.fixture
def folder(reference, tmp_path):
    """Copy the example, with the servers' packages where its catalogue looks for them."""
    packages = Path(reference("memory")[1]).parents[3]
    copied = shutil.copytree(NOTES, tmp_path / "notes", ignore=shutil.ignore_patterns("var"))
    shutil.copytree(packages, copied / "var" / "node_modules", symlinks=True)
    (copied / "var" / "files").mkdir()
    return copied


@pytest.fixture
def server(over_http):
    """Run the server that the example reaches over HTTP."""
    with over_http("everything") as (address, running):
        yield address, running


@pytest.fixture
def settings(folder, server):
    """Return the settings of the example, its listings imported."""
    address, _ = server
    database = f"sqlite:///{folder / 'planner.db'}"
    config = Settings(project=folder, database_url=database, services={"everything": address})

    async def imported():
        for declared in project.declared_services(config):
            listings.write(await listings.ask(declared, Reach(lambda _name: SECRET)))

    asyncio.run(imported())
    return config


async def settled(opened, run_id):
    async with asyncio.timeout(60):
        while True:
            run = await opened.parts.database.read(runs.get, run_id)
            if run.ended or run.status == "waiting":
                return run
            await opened.dispatcher.signals.wait(run_id, 0.1)


async def done(opened, run_id):
    entries = await opened.parts.database.read(journal.entries, run_id)
    return [(each.path, each.state, each.code) for each in effects(entries)]


def play(settings, workflow, meanwhile=None, **given):
    """Return the run, its effects and its decisions; `meanwhile` happens while it runs."""

    async def main():
        async with wiring.open_services(settings) as opened:
            request = RunRequest(workflow=workflow, input=given)
            begun = await begin(request, opened.parts, opened.dispatcher, started_by="test")
            if meanwhile is not None:
                await meanwhile(opened, begun.run.id)
            run = await settled(opened, begun.run.id)
            made = await opened.parts.database.read(decisions.of_run, run.id)
            return run, await done(opened, run.id), made

    return asyncio.run(main())


def applied(*paths):
    return [(path, "applied", None) for path in paths]


def test_a_run_writes_and_reads_through_tools_and_logs_what_it_chose(settings, folder):
    run, happened, made = play(settings, "note", city="Chicago", folder=str(folder / "var" / "files"))

    assert run.status == "succeeded", run.error
    assert happened == applied("weather", "remember", "graph", "write")
    assert [entity["name"] for entity in run.output["entities"]] == ["Chicago"]
    assert (folder / "var" / "files" / "Chicago.txt").read_text() == run.output["conditions"]
    (decision,) = made
    assert (decision.path, decision.choice, decision.decided_by) == ("keep", "file", "only_option")


def test_a_server_killed_amid_a_call_leaves_an_unknown_effect_that_is_never_repeated(settings, server):
    async def killed(opened, run_id):
        async with asyncio.timeout(60):
            while "work" not in [path for path, *_ in await done(opened, run_id)]:
                await opened.dispatcher.signals.wait(run_id, 0.1)
        await asyncio.sleep(1)
        server[1].kill()

    run, happened, made = play(settings, "patience", killed, seconds=60)

    assert happened == [*applied("sum"), ("work", "unknown", "reset")]
    recovery = made[0]
    assert (recovery.trigger.outcome, recovery.choice) == ("unknown", "person")
    assert "retry" not in [option.id for option in recovery.options if option.available]
    assert run.status == "waiting"


def test_a_server_that_is_gone_leaves_its_call_unsent(settings, server):
    server[1].kill()
    server[1].wait()

    run, happened, _ = play(settings, "patience", seconds=1)

    assert set(happened) == {("sum", "not_sent", "connect")}
    assert run.status == "undone"


def test_a_secret_of_a_server_is_in_no_file_that_is_kept(settings, folder, monkeypatch):
    monkeypatch.setenv("MEMORY_KEY", SECRET)
    catalog = folder / "catalog.yaml"
    told = "env: {API_KEY: {secret: MEMORY_KEY}, "
    catalog.write_text(catalog.read_text().replace("env: {", told))

    run, _, _ = play(settings, "note", city="Chicago", folder=str(folder / "var" / "files"))

    assert run.status == "succeeded", run.error
    assert told in catalog.read_text()
    kept = [path for path in folder.rglob("*") if path.is_file() and "node_modules" not in path.parts]
    assert [path for path in kept if SECRET.encode() in path.read_bytes()] == []
