"""Strangers: servers that others wrote, as processes on loopback that are stopped by their id."""

import re
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from examples.shop.processes import Process

_RUNNING = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


@contextmanager
def running(name: str, arguments: Sequence[str]) -> Iterator[str]:
    """Run `python -m arguments…`, a Flask application, and yield the address that it says it runs on."""
    with (
        tempfile.TemporaryDirectory(prefix=f"{name}-") as folder,
        Process(name, arguments, log=Path(folder) / "log.txt") as process,
    ):
        process.wait_until(lambda: _RUNNING.search(process.said) is not None)
        found = _RUNNING.search(process.said)
        yield found.group(1) if found else ""


def until_told() -> None:
    """Return on Ctrl-C; leave in order when asked to end, so that what was started ends too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)
