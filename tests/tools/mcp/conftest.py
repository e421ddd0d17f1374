"""MCP servers: one that behaves as badly as a test asks, and the reference servers from npm."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tools.access import Process, Service
from tools.catalog import Catalog
from tools.operations import McpBinding, Operation
from tools.services import Services

SERVER = Path(__file__).with_name("tool_server.py")
PACKAGES = Path(__file__).with_name("servers")
BUILT = Path(__file__).parents[3] / "build" / "mcp-servers"


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


@pytest.fixture(scope="session")
def reference():
    """Return the command of a reference server, or skip where npm is missing; CI must not skip."""
    if shutil.which("npm") is None and not os.environ.get("CI"):  # noqa: TID251 - CI says so itself
        pytest.skip("npm, which brings the MCP reference servers, is not installed")
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install()

    def command(name):
        return ("node", str(BUILT / f"node_modules/@modelcontextprotocol/server-{name}/dist/index.js"))

    return command


def _install():
    """Install what the lock file pins, unless that was done before."""
    wanted = (PACKAGES / "package-lock.json").read_bytes()
    done = BUILT / "installed"
    if done.exists() and done.read_bytes() == wanted:
        return
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGES / name, BUILT / name)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    ran = subprocess.run(command, cwd=BUILT, capture_output=True, text=True, check=False, timeout=240)
    if ran.returncode != 0 and not os.environ.get("CI"):  # noqa: TID251 - CI says so itself
        pytest.skip(f"npm cannot install the MCP reference servers: {ran.stderr[-200:]}")
    ran.check_returncode()
    done.write_bytes(wanted)
