"""Opening: the database of a project, opened to be looked at; nothing is made and nothing upgraded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from planner import keeping
from planner.errors import StoreUnavailable
from planner.log.envelopes import Keeping
from planner.settings import Settings
from planner.store import migrate
from planner.store.database import Database, open_database


@contextmanager
def opened(config: Settings, kept: Keeping | None = None) -> Iterator[Database]:
    """Open the database as it is; nothing is made and nothing upgraded.

    Args:
        config: the settings.
        kept: how what is written is kept; with the keys that there are unless told.

    Raises:
        StoreUnavailable: there is none yet, it cannot be used, or its schema is another.
    """
    require(config)
    kept = kept or keeping.for_reading(config)
    with open_database(config.database_url, instance="cli", keeping=kept) as database:
        migrate.check(database)
        yield database


def require(config: Settings) -> None:
    """Return when there is a database to read; one is never made only to find it empty.

    Raises:
        StoreUnavailable: there is no such file.
    """
    file = file_of(config.database_url)
    if file is not None and not file.exists():
        raise StoreUnavailable(
            f"there is no database {str(file)!r} yet; `planner run` and `planner serve` make it, "
            "or name another with --database"
        )


def file_of(url: str) -> Path | None:
    """Return the file of an SQLite database; None for any other."""
    parts = urlsplit(url)
    is_file = parts.scheme.partition("+")[0] == "sqlite" and len(parts.path) > 1
    return Path(parts.path[1:]) if is_file else None
