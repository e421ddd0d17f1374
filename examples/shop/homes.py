"""Homes: where the databases of swept runs lie, an empty one for each position."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from planner import postgres
from planner.store import migrate, open_database

TEMPLATE = "template_of_the_sweep"


class Home(Protocol):
    """Makes databases that have their tables and nothing in them."""

    def fresh(self) -> AbstractContextManager[str]:
        """Make one, yield its address, and remove it."""
        ...


class Files:
    """SQLite: a file for each, copied."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        _make_tables(f"sqlite:///{self._template}")

    @contextmanager
    def fresh(self) -> Iterator[str]:
        with tempfile.TemporaryDirectory(dir=self._folder) as folder:
            yield f"sqlite:///{shutil.copy(self._template, folder)}"


class Server:
    """PostgreSQL: a database for each, on one server."""

    def __init__(self, running: postgres.Server) -> None:
        self._running = running
        self._count = 0
        _make_tables(running.create(TEMPLATE))

    @contextmanager
    def fresh(self) -> Iterator[str]:
        self._count += 1
        name = f"swept_{self._count}"
        yield self._running.create(name, template=TEMPLATE)
        self._running.drop(name)


@contextmanager
def files() -> Iterator[Home]:
    """Open a home on SQLite."""
    with tempfile.TemporaryDirectory(prefix="sweep-") as folder:
        yield Files(Path(folder))


@contextmanager
def server() -> Iterator[Home]:
    """Open a home on a PostgreSQL server of one's own."""
    # No machine is crashed here, so nothing has to reach a disk.
    with postgres.server(durable=False) as running:
        yield Server(running)


HOMES: Mapping[str, Callable[[], AbstractContextManager[Home]]] = MappingProxyType(
    {"sqlite": files, "postgresql": server}
)
"""What opens a home, by the name of its database."""


def _make_tables(url: str) -> None:
    with open_database(url) as made:
        migrate.upgrade(made)
