"""Reading: the database of a project, opened to be looked at."""

from collections.abc import Iterator
from contextlib import contextmanager

from api.commands import options
from planner import keeping
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
    options.require_database(config)
    kept = kept or keeping.for_reading(config)
    with open_database(config.database_url, instance="cli", keeping=kept) as database:
        migrate.check(database)
        yield database
