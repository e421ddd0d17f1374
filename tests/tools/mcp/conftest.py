"""An MCP server that behaves as badly as a test asks."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tools.access import Process, Service
from tools.catalog import Catalog
from tools.operations import McpBinding, Operation
from tools.services import Services

SERVER = Path(__file__).with_name("tool_server.py")


class Desk:
    """The badly behaving server, with the books that it keeps."""

    def __init__(self, folder):
        self.folder, self.books = folder, folder / "books.jsonl"

    def service(self, **changes):
        env = {"BOOKS": str(self.books), **changes.pop("env", {})}
        process = Process(command=(sys.executable, str(SERVER)), env=env, folder=str(self.folder))
        return Service(**{"name": "desk", "process": process, **changes})

    def services(self, service=None, *, secret=lambda _name: None, **changes):
        return Services(Catalog({}, {"desk": service or self.service()}), secret=secret, **changes)

    @property
    def calls(self):
        lines = self.books.read_text().splitlines() if self.books.exists() else []
        return [json.loads(line) for line in lines]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def tool():
    """Return what makes the operation of a tool."""

    def made(name, **changes):
        told = {"name": f"desk.{name}", "service": "desk", "timeout": timedelta(seconds=20), **changes}
        return Operation(**told, binding=McpBinding(tool=name))

    return made
