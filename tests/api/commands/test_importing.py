"""Tests of `planner catalog import`."""

import json
import sys
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "tools" / "mcp" / "tool_server.py"


@pytest.fixture
def tools(desk):
    """Let the project's catalogue hold an MCP server beside its functions."""

    def written(**env):
        told = {"command": [sys.executable, str(SERVER)], "listing": "mcp/tools.json", "env": env}
        services = {"tools": {"mcp": told}, "clock": {"python": {"now": "json:dumps"}}}
        desk.write("catalog.yaml", json.dumps({"services": services}))
        return desk

    return written


def test_what_a_server_offers_is_imported_and_then_listed(tools):
    desk = tools()
    before = desk("catalog")
    said = desk("catalog", "import")
    after = desk("catalog")

    assert before.code == 3
    assert "planner catalog import tools" in before.err
    assert said.code == 0
    assert "added tools.addLine, tools.say" in said.out
    assert "tools.say      irreversible (unknown, so taken as irreversible)" in after.out
    assert "tool add-line" in after.out


def test_checking_writes_nothing_and_fails_while_they_differ(tools):
    desk = tools()
    first = desk("catalog", "import", "tools", "--check")
    desk("catalog", "import", "tools")
    second = desk("catalog", "import", "--check", "--json")

    assert (first.code, second.code) == (1, 0)
    assert second.data["items"][0]["operations"] == 2
    assert second.data["errors"] == []


def test_a_server_that_does_not_start_is_told_and_the_exit_says_so(tools):
    said = tools(REFUSE="1")("catalog", "import", "--json")

    assert said.code == 1
    assert said.data["items"] == []
    assert said.data["errors"][0]["service"] == "tools"
    assert "does not tell what it offers" in said.err


def test_a_service_that_is_not_there_is_told_with_the_nearest(tools):
    said = tools()("catalog", "import", "tool")

    assert said.code == 5
    assert "did you mean tools?" in said.err


def test_a_service_that_cannot_be_asked_is_told(tools):
    said = tools()("catalog", "import", "clock")

    assert said.code == 1
    assert "'clock' does not tell what it offers" in said.err


def test_a_catalogue_without_such_services_has_nothing_to_import(desk):
    assert desk("catalog", "import").code == 5


def test_a_class_taken_from_the_hints_of_a_trusted_server_is_marked_so(tools):
    desk = tools()
    desk("catalog", "import")
    listed = json.loads((desk.folder / "catalog.yaml").read_text())
    listed["services"]["tools"]["mcp"]["trusted"] = True
    desk.write("catalog.yaml", json.dumps(listed))

    said = desk("catalog")

    assert "tools.say      read (guessed from its hints)" in said.out
    assert "tools.addLine  irreversible (guessed from its hints)" in said.out
