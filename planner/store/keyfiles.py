"""Key files: the key that seals values of runs, in a file beside an SQLite database."""

import contextlib
import os
import stat
from pathlib import Path
from tempfile import NamedTemporaryFile

from sqlalchemy import exc, make_url

from planner import seals
from planner.errors import StoreUnavailable

SUFFIX = ".key"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def beside(url: str) -> Path | None:
    """Return where the key of an SQLite database is kept; None for any other database."""
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        return None
    name = parsed.database
    if parsed.get_backend_name() != "sqlite" or not name or name.startswith((":memory:", "file:")):
        return None
    return Path(f"{name}{SUFFIX}")


def read(file: Path) -> tuple[bytes, ...]:
    """Return the keys of the file; none where there is no such file.

    Raises:
        StoreUnavailable: it cannot be read.
        SettingsInvalid: it holds something else.
    """
    try:
        return seals.read(file.read_text(encoding="utf-8"), str(file))
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeError) as error:
        raise StoreUnavailable(f"the key in {str(file)!r} cannot be read: {error}") from error


def make(file: Path, text: str) -> None:
    """Write a key that nobody else on this machine can read; where there is a file, it stays.

    Raises:
        StoreUnavailable: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=file.parent, prefix=f"{file.name}.") as draft:
            draft.write(f"{text}\n")
            draft.flush()
            os.fsync(draft.fileno())
            # Of processes that start at once one wins, and none ever reads half a key.
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, file)
    except OSError as error:
        raise StoreUnavailable(f"the key in {str(file)!r} cannot be written: {error}") from error


def is_open_to_others(file: Path) -> bool:
    """Tell whether others on this machine may read the file."""
    return os.name == "posix" and bool(file.stat().st_mode & _OTHERS)
