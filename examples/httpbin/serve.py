"""httpbin as a service: its own process, its own published document, and a front that is busy at times."""

import argparse
import itertools
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from examples.front import Front, Request
from examples.strangers import running, until_told

PROJECT = Path(__file__).parent
DOCUMENT = Path("var") / "httpbin.json"
"""Where the catalogue looks for the document; no part of the repository."""
PORT = 8201


@contextmanager
def httpbin() -> Iterator[str]:
    """Run httpbin on a free port and yield its address."""
    with running("httpbin", ["flask", "--app", "httpbin", "run", "--port", "0"]) as address:
        yield address


def save(address: str, project: Path) -> Path:
    """Write the document that httpbin publishes to where a project's catalogue looks for it."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{address}/spec.json") as answer:
        document = answer.read()
    file = project / DOCUMENT
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(document)
    return file


def is_busy(request: Request) -> bool:
    """Tell whether the request is one that the front answers 503 to, every other time."""
    return request.target == "/anything/busy"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help=f"port of the front (default {PORT})")
    options = parser.parse_args()
    with httpbin() as address, Front(address, port=options.port) as front:
        front.plan(is_busy, itertools.cycle(["busy", "pass"]))
        print(f"httpbin runs on {address}; its document is in {save(address, PROJECT)}")
        print(f"The front listens on {front.url}; Ctrl-C ends both.", flush=True)
        until_told()


if __name__ == "__main__":
    main()
