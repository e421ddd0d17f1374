"""Processes: start the shop's parts on loopback, wait until they answer, and stop every one of them."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

from examples.shop.service import PORTS, SERVICES

__all__ = ["PORTS", "Process", "ProcessFailed", "model_process", "scripted_model", "shop"]

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
STOP_SECONDS = 3.0
POLL_SECONDS = 0.02
LOG_TAIL = 4000

FREE = dict.fromkeys(SERVICES, 0)


class ProcessFailed(Exception):
    """A process did not come up."""

    def __init__(self, name: str, happened: str, log: str) -> None:
        super().__init__(f"{name} {happened}; it said:\n{log[-LOG_TAIL:] or '(nothing)'}")


class Process:
    """One process of our own, started at once and stopped by its id; it also stops when we end."""

    def __init__(
        self, name: str, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name, self._log = name, log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def said(self) -> str:
        """What it wrote so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def address(self, *, within: float = START_SECONDS) -> str:
        """Return where it listens, once it says so; raise ProcessFailed with its words when it does not."""
        self.wait_until(lambda: bool(self._said_address()), within=within)
        return self._said_address()

    def wait_until(self, ready: Callable[[], bool], *, within: float = START_SECONDS) -> None:
        """Return once it is ready; raise ProcessFailed with its words when it ends or takes too long."""
        deadline = time.monotonic() + within
        while not ready():
            if (code := self._process.poll()) is not None:
                raise ProcessFailed(self.name, f"ended with code {code}", self.said)
            if time.monotonic() > deadline:
                raise ProcessFailed(self.name, f"did not answer within {within:g} s", self.said)
            time.sleep(POLL_SECONDS)

    def _said_address(self) -> str:
        _, _, rest = self.said.partition("listens on ")
        return rest.split()[0] if "\n" in rest else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        self._process.kill()
        self._process.wait()

    def let_go(self) -> int:
        """Close its standard input, as our own end would, and return the code that it ends with."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        return self._process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Ask it to end, and make it."""
        self._process.terminate()
        try:
            self.let_go()
        except subprocess.TimeoutExpired:
            self.kill()


@contextmanager
def shop(ports: Mapping[str, int] | None = None, state: Path | None = None) -> Iterator[dict[str, str]]:
    """Run every service of the shop and yield its address by name.

    Args:
        ports: by service name; free ones unless told.
        state: folder that keeps the services' state and logs; a temporary one unless told.
    """
    with ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="shop-")))
        folder.mkdir(parents=True, exist_ok=True)
        started = [
            _begin(stack, name, _service(name, port, folder), folder)
            for name, port in (FREE | dict(ports or {})).items()
        ]
        yield {process.name: process.address() for process in started}


@contextmanager
def scripted_model(script: Path, *, port: int = 0) -> Iterator[str]:
    """Run the scripted model endpoint and yield its address."""
    with (
        tempfile.TemporaryDirectory(prefix="model-") as folder,
        model_process(script, folder=Path(folder), port=port) as process,
    ):
        yield process.address()


def model_process(script: Path, *, folder: Path, port: int = 0) -> Process:
    """Start the scripted model endpoint, which writes its log into `folder`."""
    command = ["examples.shop.scripted_model", "--port", str(port), "--script", str(script.resolve())]
    return Process("scripted-model", [*command, "--with-parent"], log=folder / "scripted-model.log")


def _service(name: str, port: int, folder: Path) -> list[str]:
    state = str((folder / f"{name}.db").resolve())
    return ["examples.shop.service", name, "--port", str(port), "--state", state, "--with-parent"]


def _begin(stack: ExitStack, name: str, arguments: Sequence[str], folder: Path) -> Process:
    process = Process(name, arguments, log=folder / f"{name}.log")
    return stack.enter_context(process)
