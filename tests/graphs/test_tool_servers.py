"""Whole runs over the MCP reference servers: what was done and decided, and what a killed server leaves."""

import asyncio
import os
import signal

import pytest
import yaml

from graphs import wiring
from graphs.intake import RunRequest, begin
from planner import project
from planner.effects import effects
from planner.settings import Settings
from planner.store import decisions, journal, runs
from tools import listings
from tools.routes import Reach

pytestmark = [pytest.mark.real, pytest.mark.acceptance, pytest.mark.timeout(300)]

SECRET = "hush-hush-very-secret"
NOTE = """
workflow: note
version: 1.0.0
goal: Keep a note in the graph and in a file.
input: {type: object, required: [text, path], properties: {text: {type: string}, path: {type: string}}}
steps:
  remember:
    call: memory.create_entities
    with: {entities: [{name: Ann, entityType: customer, observations: ["${input.text}"]}]}
  graph: {call: memory.read_graph, with: {}}
  keep:
    decide: Is there anything to write down?
    given: {entities: "${graph.entities}"}
    options:
      file: {means: Write it to a file., then: write}
      nothing: {means: There is nothing., when: "${size(graph.entities) == 0}", then: end}
    otherwise: file
  write:
    call: files.write_file
    with: {path: "${input.path}", content: "${graph.entities[0].observations[0]}"}
  read: {call: files.read_text_file, with: {path: "${input.path}"}}
output: {kept: "${has(read.content) ? read.content : ''}"}
"""
LONG = """
workflow: long
version: 1.0.0
goal: Do something that takes long.
input: {type: object, properties: {}}
steps:
  warm: {call: everything.getSum, with: {a: 1, b: 2}}
  work:
    call: everything.triggerLongRunningOperation
    with: {duration: 60, steps: 2}
    recover: {decide: It broke. What now?, allow: [retry, person, fail], otherwise: person}
"""


def services(reference, folder):
    memory = {
        "command": list(reference("memory")),
        "env": {"MEMORY_FILE_PATH": str(folder / "memory.jsonl"), "API_KEY": {"secret": "MEMORY_KEY"}},
        "listing": "mcp/memory.json",
        "trusted": True,
    }
    files = {"command": [*reference("filesystem"), str(folder)], "listing": "mcp/files.json"}
    kept = ["sh", "-c", 'echo $$ > everything.pid; exec "$@"', "sh", *reference("everything"), "stdio"]
    read, write = {"effect": "read"}, {"effect": "idempotent"}
    return {
        "memory": {"mcp": memory},
        "files": {"mcp": files, "operations": {"read_text_file": read, "write_file": write}},
        "everything": {"mcp": {"command": kept, "listing": "mcp/everything.json"}},
    }


@pytest.fixture
def settings(reference, tmp_path, monkeypatch):
    """Make a project of the three servers, its listings imported."""
    monkeypatch.setenv("MEMORY_KEY", SECRET)
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "note.yaml").write_text(NOTE)
    (tmp_path / "workflows" / "long.yaml").write_text(LONG)
    (tmp_path / "catalog.yaml").write_text(yaml.safe_dump({"services": services(reference, tmp_path)}))
    config = Settings(project=tmp_path, database_url=f"sqlite:///{tmp_path / 'planner.db'}")

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


def test_a_run_writes_and_reads_through_tools_and_logs_what_it_chose(settings, tmp_path):
    path = tmp_path / "note.txt"
    run, happened, made = play(settings, "note", text="likes tea", path=str(path))

    assert (run.status, run.output) == ("succeeded", {"kept": "likes tea"})
    assert path.read_text() == "likes tea"
    applied = [(name, "applied", None) for name in ("remember", "graph", "write", "read")]
    assert happened == applied
    (decision,) = made
    assert (decision.path, decision.choice, decision.decided_by) == ("keep", "file", "only_option")


def test_a_server_killed_amid_a_call_leaves_an_unknown_effect_that_is_never_repeated(settings, tmp_path):
    async def killed(opened, run_id):
        async with asyncio.timeout(60):
            while "work" not in [path for path, *_ in await done(opened, run_id)]:
                await opened.dispatcher.signals.wait(run_id, 0.1)
        await asyncio.sleep(1)
        os.kill(int((tmp_path / "everything.pid").read_text()), signal.SIGKILL)

    run, happened, made = play(settings, "long", killed)

    assert happened == [("warm", "applied", None), ("work", "unknown", "reset")]
    recovery = made[0]
    assert (recovery.trigger.outcome, recovery.choice) == ("unknown", "person")
    assert "retry" not in [option.id for option in recovery.options if option.available]
    assert run.status == "waiting"


def test_a_secret_of_a_server_is_in_no_file_that_is_kept(settings, tmp_path):
    play(settings, "note", text="likes tea", path=str(tmp_path / "note.txt"))

    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) > 5
    assert [path for path in kept if SECRET.encode() in path.read_bytes()] == []
