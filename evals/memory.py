"""Memory: which cases did not pass when they last ran, in a folder that git ignores."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from evals import report
from evals.jobs import Job

FOLDER = Path(".evals")
_FILE = FOLDER / "last-failed.json"


def keep(cases: Sequence[Mapping[str, Any]]) -> None:
    """Note which cases failed; those that did not run keep what is known of them."""
    bad = {f"{case['suite']}/{case['id']}" for case in cases if case["status"] not in report.PASSING}
    ran = {f"{case['suite']}/{case['id']}" for case in cases}
    failed = sorted((_failed() - ran) | bad)
    if not failed and not _FILE.exists():
        return
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
    _FILE.write_bytes(orjson.dumps(failed))


def failed(jobs: Sequence[Job]) -> list[Job]:
    """Return the cases that failed when they last ran; all of them where none did."""
    known = _failed()
    return [job for job in jobs if job.name in known] or list(jobs)


def _failed() -> set[str]:
    try:
        return set(orjson.loads(_FILE.read_bytes()))
    except (OSError, orjson.JSONDecodeError, TypeError):
        return set()
