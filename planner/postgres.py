"""PostgreSQL: a server of one's own from installed binaries, for tests, measurements and trials."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from planner import orphans
from planner.testing import free_port

DEBIAN = Path("/usr/lib/postgresql")
"""Where Debian's packages keep the binaries, outside of the search path."""
START_SECONDS = 30.0
STOP_SECONDS = 20.0
OWNER = "planner"
_UNSAFE = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_SMALL = ("shared_buffers=64MB", "max_connections=200", "listen_addresses=127.0.0.1")


def binaries() -> Path | None:
    """Return the folder of the newest installed server's programs, or None where none is installed."""
    found = shutil.which("postgres")
    if found is not None and shutil.which("initdb") is not None:
        return Path(found).resolve().parent
    folders = [each for each in DEBIAN.glob("*/bin") if (each / "initdb").is_file()]
    return max(folders, key=lambda each: float(each.parent.name), default=None)


@contextmanager
def server(*, durable: bool = True, settings: Sequence[str] = ()) -> Iterator["Server"]:
    """Run a server on a free loopback port, with its data in a folder that is removed afterwards.

    Both go too when this process is killed.

    Args:
        durable: whether commits reach the disk; tests that crash no machine do without.
        settings: further settings of the server, such as `statement_timeout=100`.

    Raises:
        RuntimeError: no server is installed, or it does not start; the message holds its words.
    """
    folder = binaries()
    if folder is None:
        raise RuntimeError("no PostgreSQL server is installed; on Debian: apt-get install postgresql")
    with tempfile.TemporaryDirectory(prefix="planner-postgres-") as home:
        made = Server(folder, Path(home), (*_SMALL, *(() if durable else _UNSAFE), *settings))
        try:
            made.initialise()
            made.start()
            yield made
        finally:
            made.stop()


class Server:
    """A server that can be stopped and started again, as in a failover."""

    def __init__(self, programs: Path, home: Path, settings: Sequence[str]) -> None:
        self._programs, self._home, self._settings = programs, home, tuple(settings)
        self.owner = _unprivileged()
        """Whose process it is; None for this user's."""
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        if self.owner is not None:
            shutil.chown(home, self.owner)

    @property
    def url(self) -> str:
        """Address of its first database."""
        return f"postgresql://{OWNER}@127.0.0.1:{self._port}/postgres"

    def create(self, name: str, *, template: str = "template1") -> str:
        """Make a database, and return its address."""
        self._administer("createdb", "--template", template, name)
        return f"{self.url.rpartition('/')[0]}/{name}"

    def drop(self, name: str) -> None:
        """Remove a database, with whoever is connected to it."""
        self._administer("dropdb", "--force", name)

    def initialise(self) -> None:
        """Make the folder of its data."""
        options = ("-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        done = subprocess.run(  # noqa: S603 - an installed program
            [self._programs / "initdb", "-D", self._home / "data", *options],
            user=self.owner,
            cwd=self._home,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')}")

    def start(self) -> None:
        """Start it, and return once it takes connections."""
        options = [part for each in self._settings for part in ("-c", each)]
        program, data = str(self._programs / "postgres"), str(self._home / "data")
        command = [program, "-D", data, "-p", str(self._port), *options]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - an installed program
                [*command, "-c", f"unix_socket_directories={self._home}"],
                user=self.owner,
                cwd=self._home,
                stdout=log,
                stderr=log,
            )
        self._watch(self._process.pid)
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start: {self.said()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it: connections are cut off, and what was committed stays."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.wait()
            self._watcher = None

    def said(self) -> str:
        """Return what it wrote to its log."""
        return (self._home / "log").read_text(encoding="utf-8", errors="replace")

    def _administer(self, program: str, *arguments: str) -> None:
        where = ("--host", "127.0.0.1", "--port", str(self._port), "--username", OWNER)
        command = [str(self._programs / program), *where, *arguments]
        subprocess.run(command, check=True)  # noqa: S603 - an installed program

    def _watch(self, pid: int) -> None:
        """Have it ended when this process cannot do so itself."""
        told = [str(os.getpid()), str(pid), str(self._home)]
        command = [sys.executable, "-I", orphans.__file__, *told]
        # A session of its own, so that what ends ours does not end it.
        self._watcher = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - our own program

    def _is_ready(self) -> bool:
        asked = [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        return subprocess.run(asked, check=False).returncode == 0  # noqa: S603 - an installed program


def _unprivileged() -> str | None:
    """Return whom to run it as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
