"""The MCP reference servers from npm: what they list is imported, and their tools are called."""

import asyncio
import json
import os
import signal
from datetime import timedelta

import pytest
import yaml

from tools import catalog, catalog_loader, listings
from tools.routes import Reach
from tools.services import Services

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]


@pytest.fixture(scope="session")
def files(reference, tmp_path_factory):
    """Write a catalogue of the three servers, with the listings that they tell."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "data").mkdir()
    services = {
        "memory": {
            "mcp": {
                "command": list(reference("memory")),
                "env": {"MEMORY_FILE_PATH": str(folder / "memory.jsonl")},
                "listing": "mcp/memory.json",
                "trusted": True,
            }
        },
        "files": {
            "mcp": {"command": [*reference("filesystem"), str(folder / "data")], "listing": "mcp/files.json"},
            "operations": {"read_text_file": {"effect": "read"}, "write_file": {"effect": "idempotent"}},
        },
        "everything": {
            "mcp": {
                "command": [
                    "sh",
                    "-c",
                    'echo $$ > everything.pid; exec "$@"',
                    "sh",
                    *reference("everything"),
                    "stdio",
                ],
                "listing": "mcp/everything.json",
            },
            "operations": {"getStructuredContent": {"effect": "read"}},
        },
    }
    (folder / "catalog.yaml").write_text(yaml.safe_dump({"services": services}))
    for declared in catalog_loader.declared(folder / "catalog.yaml", base_urls={}):
        listings.write(asyncio.run(listings.ask(declared, Reach(lambda _name: None))))
    return folder / "catalog.yaml"


def play(loaded, main):
    async def whole():
        async with Services(loaded, secret=lambda _name: None) as services:
            return await main(
                lambda name, arguments, **how: services.call(loaded.operation(name), arguments, **how)
            )

    return asyncio.run(whole())


def test_every_tool_of_the_reference_servers_is_read_without_a_warning(files):
    loaded = catalog.load(files)

    assert loaded.warnings == ()
    assert {"memory.create_entities", "files.write_file", "everything.getSum"} <= loaded.operations.keys()
    assert len(loaded.operations) > 30


def test_only_the_trusted_server_is_believed(files):
    effects = {name: operation.effect for name, operation in catalog.load(files).operations.items()}

    assert effects["memory.read_graph"] == "read"
    assert effects["memory.create_entities"] == "write"
    assert effects["everything.echo"] == "irreversible"
    assert effects["files.write_file"] == "idempotent"


def test_entities_are_made_and_read_back(files):
    async def main(call):
        made = await call(
            "memory.create_entities",
            {"entities": [{"name": "Ann", "entityType": "customer", "observations": ["likes tea"]}]},
        )
        return made, await call("memory.read_graph", {})

    made, graph = play(catalog.load(files), main)

    assert (made.kind, graph.kind) == ("applied", "applied")
    assert "Ann" in [entity["name"] for entity in graph.output["entities"]]


def test_a_file_is_written_and_read_back_and_no_path_leads_outside(files):
    path = str(files.parent / "data" / "note.txt")

    async def main(call):
        written = await call("files.write_file", {"path": path, "content": "tea"})
        read = await call("files.read_text_file", {"path": path})
        return written, read, await call("files.read_text_file", {"path": "/etc/passwd"})

    written, read, outside = play(catalog.load(files), main)

    assert (written.kind, read.kind, read.output) == ("applied", "applied", {"content": "tea"})
    assert (outside.kind, outside.code) == ("rejected", "tool_error")
    assert "Access denied" in outside.error


def test_a_server_that_is_killed_amid_a_call_leaves_it_unknown(files):
    async def main(call):
        await call("everything.getSum", {"a": 1, "b": 1})
        long = {"duration": 60, "steps": 2}
        under_way = asyncio.ensure_future(call("everything.triggerLongRunningOperation", long))
        await asyncio.sleep(1)
        os.kill(int((files.parent / "everything.pid").read_text()), signal.SIGKILL)
        return await under_way, await call("everything.getSum", {"a": 2, "b": 3})

    broken, after = play(catalog.load(files), main)

    assert (broken.kind, broken.code) == ("unknown", "reset")
    assert after.output["content"][0]["text"] == "The sum of 2 and 3 is 5."


def test_a_call_that_takes_too_long_is_unknown(files):
    async def main(call):
        await call("everything.getSum", {"a": 1, "b": 1})
        long = {"duration": 60, "steps": 2}
        return await call("everything.triggerLongRunningOperation", long, timeout=timedelta(seconds=1))

    outcome = play(catalog.load(files), main)

    assert (outcome.kind, outcome.code) == ("unknown", "timeout")


def test_the_same_server_is_listed_and_called_over_streamable_http(over_http, files, tmp_path):
    with over_http("everything") as (address, running):
        told = {"services": {"everything": {"mcp": {"listing": "everything.json"}, "base_url": address}}}
        path = tmp_path / "catalog.yaml"
        path.write_text(yaml.safe_dump(told))
        (declared,) = catalog_loader.declared(path, base_urls={})
        listings.write(asyncio.run(listings.ask(declared, Reach(lambda _name: None))))
        over_pipes = json.loads((files.parent / "mcp" / "everything.json").read_text())

        async def main(call):
            first = await call("everything.getSum", {"a": 2, "b": 3.5})
            running.kill()
            running.wait()
            return first, await call("everything.getSum", {"a": 2, "b": 3.5})

        first, second = play(catalog.load(path), main)

    assert json.loads((tmp_path / "everything.json").read_text()) == over_pipes
    assert first.output["content"][0]["text"] == "The sum of 2 and 3.5 is 5.5."
    assert (second.kind, second.code) == ("not_sent", "connect")
