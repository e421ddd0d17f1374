"""The decision log: appends with the chain against plain rows on the same store, and verification.

Run it with `python -m bench.log`; it prints one row a measure, with the ratio to the plain rows of that run.
Both write the same decisions through the same writer thread, many at once, each group committed to disk
(SQLite, synchronous=FULL). A plain row is the record as JSON with the columns it is found by: no masking, no
salted digests, no chain, no head.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from planner import bodies, clock
from planner.decisions import Attempt, Confidence, Decision, ModelInfo, Offered, Usage, WorkflowRef
from planner.store import audits, decisions, migrate, rows, tables
from planner.store.database import Database, open_database

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
WORDS = "The parcel is five days late and the customer asked for the money; the order is within the limit. "


def decision(n: int) -> Decision:
    """Return a decision as a model makes it: four options, 600 bytes of given data, one attempt."""
    attempt = Attempt(
        n=1, started=AT, ms=412.5, outcome_class="ok", raw_digest="cd" * 32, request_id=f"req-{n}"
    )
    options = tuple(
        Offered(id=f"option-{each}", means="What choosing it means, in one sentence.") for each in range(4)
    )
    return Decision(
        decision_id=clock.new_id(),
        kind="choose",
        run_id=clock.new_id(),
        run_seq=4,
        workflow=WorkflowRef(name="late-order", version="1.2.0", sha256="ab" * 32),
        point="late-order/resolve",
        path="resolve",
        ts=AT,
        question="How should this customer be made whole?",
        options=options,
        option_order=tuple(option.id for option in options),
        decided_by="model",
        choice="option-0",
        edge_taken="option-0",
        reason=f"{n}: {WORDS}",
        confidence=Confidence(value=0.9),
        given={"message": f"{n}: {WORDS * 5}", "total": 129.0, "eta_days": 5},
        given_fields=("/input/message", "/order/total"),
        given_sha256="ab" * 32,
        model=ModelInfo(requested="m", responded="m-1", host="h:443", request_sha256="ef" * 32),
        attempts=(attempt,),
        usage=Usage(input=400, output=50),
    )


def plain_table(metadata: sa.MetaData) -> sa.Table:
    """Return the table of plain rows: the index with the record beside it."""
    columns = [sa.Column(each.name, each.type) for each in tables.decisions.columns]
    return sa.Table("plain", metadata, *columns, sa.Column("body", sa.Text), sa.Index("ix_plain", "ts"))


def insert_plain(tx: Any, table: sa.Table, made: Decision) -> None:
    """Write a plain row."""
    body = {"schema": made.schema_} | made.model_dump(mode="json", exclude_defaults=True)
    tx.execute(table.insert().values(rows.of_index(made) | {"body": bodies.encode(body)}))


async def rate(write: Callable[[Decision], Awaitable[Any]], made: list[Decision], at_once: int) -> float:
    """Return how many decisions a second are on disk, with so many tasks that each wait for their own."""
    waiting = iter(made)

    async def task() -> None:
        for each in waiting:
            await write(each)

    began = time.perf_counter()
    await asyncio.gather(*(task() for _ in range(at_once)))
    return len(made) / (time.perf_counter() - began)


async def appends(folder: Path, count: int, at_once: int) -> tuple[float, float]:
    """Return the rates of chained and of plain appends, the second measured on the same file."""
    with _open(folder) as database:
        table = plain_table(sa.MetaData())
        await database.write(table.create)
        chained = partial(database.write, decisions.insert)
        plain = partial(_plain, database, table)
        for write in (chained, plain):
            await rate(write, [decision(n) for n in range(50)], at_once)
        found = await rate(chained, [decision(n) for n in range(count)], at_once)
        return found, await rate(plain, [decision(n) for n in range(count)], at_once)


async def _plain(database: Database, table: sa.Table, made: Decision) -> None:
    await database.write(insert_plain, table, made)


def verification(folder: Path, count: int) -> float:
    """Return how many records a second are verified, content and index included."""
    with _open(folder) as database:

        def fill(tx: Any) -> None:
            for n in range(count):
                decisions.insert(tx, decision(n))

        database.write_sync(fill)
        began = time.perf_counter()
        report = database.read_sync(audits.verify)
        seconds = time.perf_counter() - began
        if not report.ok or report.records != count + 1:
            raise SystemExit(f"the log does not verify: {report}")
        return report.records / seconds


def _open(folder: Path) -> Database:
    database = open_database(f"sqlite:///{folder}/{clock.new_id()}.db")
    migrate.upgrade(database)
    return database


async def main(repeats: int, count: int) -> None:
    """Print the rows."""
    print("| measure | with the chain, records/s | plain rows, records/s | ratio min / median / max |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for at_once in (1, 100):
            pairs = [
                await appends(folder, count if at_once > 1 else count // 5, at_once) for _ in range(repeats)
            ]
            ratios = sorted(chained / plain for chained, plain in pairs)
            chained, plain = (statistics.median(column) for column in zip(*pairs, strict=True))
            spread = f"{ratios[0]:.2f} / {statistics.median(ratios):.2f} / {ratios[-1]:.2f}"
            print(f"| append, {at_once} at once | {chained:,.0f} | {plain:,.0f} | {spread} |", flush=True)
        rates = sorted(verification(folder, count) for _ in range(repeats))
        print(f"| verify | {statistics.median(rates):,.0f} | | {rates[0]:,.0f} to {rates[-1]:,.0f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--count", type=int, default=2000)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.repeats, arguments.count))
