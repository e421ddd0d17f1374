"""What holds for every test: a clean environment, and no network but loopback."""

import fcntl
import ipaddress
import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from planner import postgres
from planner.clock import new_id
from planner.store import migrate, open_database

PACKAGES = Path(__file__).parent / "tools" / "mcp" / "servers"
BUILT = Path(__file__).parents[1] / "build" / "mcp-servers"
REAL = Path(__file__).resolve().parents[1].parent / "shared" / "real"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Drop what the caller's environment would tell the settings."""
    for name in list(os.environ):  # noqa: TID251 - the test's own cleaning
        if name.startswith(("PLANNER_", "OPENAI_")) and not name.startswith("PLANNER_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """Refuse connections to anything but this machine."""
    connect = socket.socket.connect

    def guarded(self, address):
        if self.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(address[0]):
            raise PermissionError(f"a test tried to reach {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def real():
    """Return the folder of real inputs, or skip."""
    if not REAL.is_dir():
        pytest.skip("the real inputs are not beside this checkout")
    return REAL


@pytest.fixture(scope="session")
def postgresql_server():
    """Run a PostgreSQL server for the whole session, or skip; CI must not skip."""
    if postgres.binaries() is None and not os.environ.get("CI"):  # noqa: TID251 - CI says so itself
        pytest.skip("PostgreSQL is not installed")
    with postgres.server(durable=False) as running:
        yield running


@pytest.fixture
def postgresql(postgresql_server):
    """Return the address of an empty database, which is dropped afterwards."""
    name = "test_" + new_id().replace("-", "")
    yield postgresql_server.create(name)
    postgresql_server.drop(name)


@pytest.fixture(scope="session")
def reference():
    """Return the command of an MCP reference server, or skip where npm is missing; CI must not skip."""
    if shutil.which("npm") is None and not os.environ.get("CI"):  # noqa: TID251 - CI says so itself
        pytest.skip("npm, which brings the MCP reference servers, is not installed")
    BUILT.mkdir(parents=True, exist_ok=True)
    with (BUILT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install()

    def command(name):
        return ("node", str(BUILT / f"node_modules/@modelcontextprotocol/server-{name}/dist/index.js"))

    return command


@pytest.fixture(scope="session")
def over_http(reference):
    """Return what runs a reference server on a free port, and gives its address and its process."""

    @contextmanager
    def serving(name):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        command = [*reference(name), "streamableHttp"]
        env = {"PORT": str(port), "PATH": os.environ["PATH"]}  # noqa: TID251 - node is found there
        quiet = subprocess.DEVNULL
        with subprocess.Popen(command, env=env, stdout=quiet, stderr=quiet) as running:
            try:
                _await(port)
                yield f"http://127.0.0.1:{port}/mcp", running
            finally:
                running.kill()

    return serving


def _await(port):
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not begin to listen")


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


class Disk:
    """A file system of its own that can be full."""

    def __init__(self, folder):
        self.folder = folder

    @contextmanager
    def full(self):
        """Leave no room on it until the block ends."""
        ballast = self.folder / "ballast"
        with ballast.open("wb", buffering=0) as out:
            for size in (65_536, 512, 1):
                with suppress(OSError):
                    while out.write(bytes(size)) == size:
                        pass
        try:
            yield
        finally:
            ballast.unlink()


@pytest.fixture
def disk():
    """Mount a small disk in memory, or skip where this user may not."""
    folder = Path(tempfile.mkdtemp(prefix="planner-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m,mode=755", "tmpfs", folder],  # noqa: S607 - of this machine
        capture_output=True,
        text=True,
        check=False,
    )
    if mounted.returncode != 0:
        folder.rmdir()
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607 - likewise
    folder.rmdir()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """Address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'planner.db'}"
    return request.getfixturevalue("postgresql")


@pytest.fixture
def database(url):
    """A database of the newest schema."""
    with open_database(url) as opened:
        migrate.upgrade(opened)
        yield opened


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
