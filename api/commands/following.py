"""Following: a run moved in this process until it ends or waits for others, told as it goes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from api.commands import exits, telling
from api.commands.output import Output, Working, brief
from graphs import wiring
from graphs.wiring import Opened
from planner import story
from planner.events import Awaited
from planner.journal import Numbered
from planner.runs import PersonQuestion, Run, RunStatus
from planner.settings import Settings
from planner.store import decisions, events, journal, questions, runs
from planner.story import Chapter

POLL_SECONDS = 0.1
"""Longest time after which a change is seen."""


class Stopped(NamedTuple):
    """Where following a run ended."""

    run: Run
    questions: tuple[PersonQuestion, ...]
    """What persons are asked; empty when the run has ended."""
    awaits: tuple[Awaited, ...] = ()
    """Events that steps wait for; empty when the run has ended."""


class _News(NamedTuple):
    run: Run
    entries: list[Numbered]
    chapters: list[Chapter]
    questions: tuple[PersonQuestion, ...]
    awaits: tuple[Awaited, ...]


@asynccontextmanager
async def opened(config: Settings) -> AsyncIterator[Opened]:
    """Open everything, to move single runs: those of others are left alone.

    Raises:
        CatalogInvalid: the catalogue has problems.
        DefinitionInvalid: a workflow of the project has problems.
        StoreUnavailable: the database cannot be used.
    """
    async with wiring.open_services(config, dispatch=False) as services:
        await services.dispatcher.start(claim=False)
        try:
            yield services
        finally:
            await services.dispatcher.stop()


async def follow(services: Opened, run_id: str, output: Output) -> Stopped:
    """Move the run, whoever held it before, and tell what happens; return where it stopped.

    Raises:
        RunUnknown: no run has this id.
    """
    run = await services.parts.database.read(runs.get, run_id)
    output.line(f"Run {run.id} of {run.workflow.name} {run.workflow.version}", "bold")
    if run.goal:
        output.line(f"Goal: {run.goal}")
    with output.working("begins") as working:
        return await _follow(services, run_id, lambda news: _tell(news, output, working))


async def _follow(services: Opened, run_id: str, tell: Callable[[_News], None]) -> Stopped:
    after = 0
    while True:
        news = await services.parts.database.read(_news, run_id, after)
        tell(news)
        after = news.entries[-1].seq if news.entries else after
        if news.run.ended:
            return Stopped(news.run, ())
        if waits_for_others(news.run, news.questions, news.awaits):
            return Stopped(news.run, news.questions, news.awaits)
        await _take(services, news.run)
        await services.dispatcher.signals.wait(run_id, POLL_SECONDS)


async def _take(services: Opened, run: Run) -> None:
    """Take the run up where nobody holds it."""
    is_held = run.status == "running" and run.lease_until and run.lease_until > services.parts.clock.now()
    if not is_held:
        await services.dispatcher.take(run.id)


def waits_for_others(run: Run, asked: Sequence[PersonQuestion], awaited: Sequence[Awaited] = ()) -> bool:
    """Tell whether nothing happens until a person answers or an event comes, or the time for it is over."""
    if run.status != "waiting" or not (asked or awaited) or run.cancel_requested:
        return False
    deadlines = [*(question.deadline for question in asked), *(each.due for each in awaited)]
    return run.wake_at is None or run.wake_at in deadlines


def report(stopped: Stopped, output: Output, *, wanted: RunStatus = "succeeded", **more: Any) -> int:
    """Print how it ended, or what to answer, and return the exit code: OK when it ended as wanted."""
    run, asked, awaited = stopped
    output.document(
        {
            "run": run.model_dump(mode="json"),
            "waits_for": [question.model_dump(mode="json") for question in asked],
            "awaits": [each.model_dump(mode="json") for each in awaited],
            **more,
        }
    )
    if asked or awaited:
        for question in asked:
            telling.question(question, output)
        for each in awaited:
            telling.awaited(each, output)
        return exits.WAITS
    output.line()
    good = run.status == wanted
    output.line(f"Result: {run.status}", "bold green" if good else "bold red")
    if run.error:
        output.line(f"Why: {run.error}")
    if run.output is not None:
        output.line(f"Output: {brief(run.output, 4000)}")
    output.line(f"The decisions: planner decisions {run.id}", "dim")
    return exits.OK if good else exits.FAILED


def interrupted(run_id: str, output: Output) -> int:
    """Say how an interrupted run goes on, and return the exit code."""
    output.error(
        f"interrupted; what was done is written down, and the run goes on with: planner resume {run_id}"
    )
    return exits.INTERRUPTED


def _news(tx: Any, run_id: str, after: int) -> _News:
    run = runs.answered(tx, run_id)
    entries = journal.entries(tx, run_id, after)
    made = decisions.of_run(tx, run_id) if entries else []
    chapters = [c for c in story.tell(run, entries, made) if c.seq or not after]
    asked: tuple[PersonQuestion, ...] = ()
    awaited: tuple[Awaited, ...] = ()
    if run.status == "waiting":
        asked = tuple(questions.page(tx, run_id=run_id, limit=1000).items)
        awaited = tuple(events.awaited(tx, run_id))
    return _News(run, entries, chapters, asked, awaited)


def _tell(news: _News, output: Output, working: Working) -> None:
    for each in news.chapters:
        telling.chapter(each, output)
    run = news.run
    what = f"waits until {run.wake_at:%H:%M:%S}" if run.wake_at else run.status
    working.say(f"{what}; Ctrl-C leaves the run resumable")


def drive(config: Settings, run_id: str, output: Output, *, wanted: RunStatus = "succeeded") -> int:
    """Move a run that exists until it ends or waits, and return the exit code."""

    async def move() -> Stopped:
        async with opened(config) as services:
            return await follow(services, run_id, output)

    try:
        stopped = asyncio.run(move())
    except KeyboardInterrupt:
        return interrupted(run_id, output)
    return report(stopped, output, wanted=wanted)
