"""Sealing: what looking for secrets, and sealing them, adds to turning a journal's entry into its row.

Run it with `python -m bench.sealing`; it prints one line a body: microseconds for the row without masking,
with it, and their ratio; and then the appends in a second on disk without and with it, taken in turns.
"""

import os
import statistics
import tempfile
import timeit
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from planner.clock import new_id
from planner.decisions import WorkflowRef
from planner.journal import Append, Entry, Numbered
from planner.log.envelopes import Keeping
from planner.log.masking import Masking
from planner.runs import Run
from planner.seals import Seals
from planner.store import journal, migrate, runs
from planner.store.database import open_database

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
OFF = Keeping(masking=Masking(never=(), detectors=()))
ON = Keeping(seals=Seals((bytes(range(32)),), os.urandom))
PLAIN = {
    "operation": "inventory.reserve",
    "effect": "keyed",
    "arguments": {"order_id": "o-1001", "items": [{"sku": "AB-77-XL", "quantity": 2}], "warehouse": "north"},
    "key": "0198f2c4-7d1e-7c55-9a6e-2f3f1f9f8a51",
    "output": {"reservation": "r-5531", "until": "2026-11-26T20:00:00Z", "level": 14.5},
    "status": 200,
    "ms": 3.1234567,
    "outcome": "applied",
}
BODIES = {
    "nothing to find": PLAIN,
    "a word that could be a secret": {**PLAIN, "output": {"monkey": "r-5531"}},
    "a secret": {**PLAIN, "output": {"access_token": "t-5531", "note": "call with Bearer 0123456789"}},
}
APPENDS, ROUNDS, REPEATS = 2_000, 5, 5_000


def unit(body: dict[str, Any], run_id: str = "r", seq: int = 1, epoch: int = 1) -> Append:
    entry = Entry(kind="outcome", path="reserve", at=AT, body=body)
    return Append(run_id, epoch, (Numbered(seq, entry),))


def microseconds(body: dict[str, Any], keeping: Keeping) -> float:
    """Return the least time that one row takes."""
    made = unit(body)
    times = timeit.repeat(lambda: journal.prepare(made, AT, keeping), number=REPEATS, repeat=ROUNDS)
    return min(times) / REPEATS * 1e6


def append(folder: Path, keeping: Keeping) -> float:
    """Return the entries that one task appends in a second, one after the other."""
    with open_database(f"sqlite:///{folder}/planner.db", keeping=keeping) as database:
        migrate.upgrade(database)
        workflow = WorkflowRef(name="w", version="1.0.0", sha256="ab" * 32)
        run = Run(id=new_id(), workflow=workflow, created_at=AT, updated_at=AT)
        database.write_sync(runs.create, run)
        (held,) = database.write_sync(runs.claim, worker="w", now=AT, lease_seconds=60, run_id=run.id)
        seconds = timeit.timeit(
            lambda: [database.append_sync(unit(PLAIN, run.id, n, held.epoch)) for n in range(1, APPENDS + 1)],
            number=1,
        )
    return APPENDS / seconds


def in_turns() -> tuple[Sequence[float], Sequence[float]]:
    """Return the rates without and with masking, measured in turns so that other work meets both."""
    found: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for rates, keeping in zip(found, (OFF, ON), strict=True):
            with tempfile.TemporaryDirectory() as folder:
                rates.append(append(Path(folder), keeping))
    return found


def main() -> None:
    for name, body in BODIES.items():
        before, after = microseconds(body, OFF), microseconds(body, ON)
        print(
            f"{name:<30} {before:6.1f} us {after:6.1f} us  {after - before:+6.1f} us  x{after / before:.2f}"
        )
    off, on = map(statistics.median, in_turns())
    print(f"appends, one at a time         {off:6.0f} /s {on:6.0f} /s            x{on / off:.2f}")


if __name__ == "__main__":
    main()
