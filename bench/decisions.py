"""Time per decision outside the model: ours, its record committed, against a bare call of the SDK.

Run it with `python -m bench.decisions`. Both ask the same loopback endpoint, a process of its own that
answers at once, for the same choice with the same messages; the bare call keeps nothing. It prints one row a
measure: milliseconds per decision, and the ratio of each repetition.
"""

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import openai

from planner import choosing
from planner.clock import SystemClock, new_id
from planner.decisions import Offered, Question
from planner.model import inquiries
from planner.model.adapter import Model
from planner.settings import ModelSettings
from planner.store import decisions, migrate
from planner.store.database import Database, open_database

NAME, TARGET = "m", 1.5
QUESTION = Question(
    point="late-order/resolve",
    question="How should this customer be made whole?",
    goal="Settle a late-order complaint so that the customer is made whole and no money leaves twice.",
    given={"message": "Where is my parcel? It was due on Monday.", "total": 120.0, "eta_days": 6},
    options=(
        Offered(id="refund", means="Pay the full amount back."),
        Offered(id="reship", means="Send the goods again by express."),
        Offered(id="wait", means="It arrives within two days; apologise and wait."),
        Offered(id="person", means="None of these fits; a person decides."),
    ),
)
Once = Callable[[], Awaitable[object]]


class Measured(NamedTuple):
    """Milliseconds per decision in one repetition."""

    ours: float
    bare: float


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request of a connection with the first option, at once."""
    content = json.dumps({"reason": "Six days are too long.", "choice": "refund", "confidence": 0.9})
    message = {"role": "assistant", "content": content}
    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": NAME,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 300, "completion_tokens": 30, "total_tokens": 330},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    try:
        while True:
            told = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(told.split(b"content-length:")[1].split(b"\r\n")[0]))
            writer.write(head.encode() + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve() -> None:
    """Serve on a free port, and tell which."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def endpoint() -> Iterator[str]:
    """Run the endpoint as a process of its own, and yield its address."""
    command = [sys.executable, "-m", "bench.decisions", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            if process.stdout is None:
                raise RuntimeError("the endpoint tells no port")
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


def deciding(model: Model, database: Database | None) -> Once:
    """Return one decision of ours: asked, concluded and, where there is a database, committed."""
    clock = SystemClock()

    async def once() -> None:
        began = time.perf_counter()
        now = clock.now()
        told = await model.choose(QUESTION)
        decision = choosing.conclude(
            QUESTION,
            told,
            choosing.Where(new_id(), new_id()),
            ts=now,
            duration_ms=(time.perf_counter() - began) * 1000,
            by="model",
            otherwise="person",
        )
        if decision.decided_by != "model":
            raise RuntimeError(f"the model's choice was not taken: {told}")
        if database is not None:
            await database.write(decisions.insert, decision)

    return once


def calling(client: openai.AsyncOpenAI) -> Once:
    """Return one bare call with the very same messages and format."""
    ask = inquiries.choosing(QUESTION, "chat")
    form = {"name": ask.kind, "strict": True, "schema": ask.schema}
    request: dict[str, Any] = {
        "model": NAME,
        "messages": list(ask.prompt.messages),
        "response_format": {"type": "json_schema", "json_schema": form},
        "max_completion_tokens": 2000,
    }

    async def once() -> None:
        completion = await client.chat.completions.create(**request)
        json.loads(completion.choices[0].message.content or "")

    return once


async def per_decision(once: Once, count: int, at_once: int) -> float:
    """Return the milliseconds that each of `count` took, with so many under way at a time."""
    gate = asyncio.Semaphore(at_once)

    async def gated() -> None:
        async with gate:
            await once()

    gc.collect()
    began = time.perf_counter()
    await asyncio.gather(*(gated() for _ in range(count)))
    return (time.perf_counter() - began) * 1000 / count


async def measure(
    count: int, at_once: int, repeats: int, *, base_url: str, database: Database | None
) -> list[Measured]:
    """Return what every repetition took, ours and bare in turn."""
    config = ModelSettings(name=NAME, base_url=base_url)
    async with (
        Model(config, clock=SystemClock()) as model,
        openai.AsyncOpenAI(api_key="none", base_url=base_url, max_retries=0) as client,
    ):
        ours, bare = deciding(model, database), calling(client)
        for once in (ours, bare):
            await per_decision(once, 2 * at_once, at_once)
        return [
            Measured(await per_decision(ours, count, at_once), await per_decision(bare, count, at_once))
            for _ in range(repeats)
        ]


def row(name: str, measured: list[Measured]) -> str:
    """Return one row: medians of both, and the spread of their ratio."""
    ratios = sorted(each.ours / each.bare for each in measured)
    ours, bare = (statistics.median(column) for column in zip(*measured, strict=True))
    spread = f"{ratios[0]:.2f} / {statistics.median(ratios):.2f} / {ratios[-1]:.2f}"
    return f"| {name} | {ours:.2f} | {bare:.2f} | {spread} |"


async def main(count: int, repeats: int) -> None:
    """Print the rows."""
    print(f"| measure | ours, ms | bare call, ms | ratio min / median / max (target {TARGET}) |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, endpoint() as base_url:
        database = open_database(f"sqlite:///{Path(folder) / 'decisions.db'}")
        migrate.upgrade(database)
        for name, at_once, kept in (
            ("asked and concluded, 1 at once", 1, None),
            ("with its record committed, 1 at once", 1, database),
            ("with its record committed, 50 at once", 50, database),
        ):
            measured = await measure(count, at_once, repeats, base_url=base_url, database=kept)
            print(row(name, measured), flush=True)
        database.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help="be the endpoint")
    given = parser.parse_args()
    asyncio.run(serve() if given.serve else main(given.count, given.repeats))
