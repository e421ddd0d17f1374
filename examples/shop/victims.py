"""Victims: processes that move one run of the shop and are killed at a chosen moment, as a power cut would.

Nothing in the engine knows of it: the database's and the services' ports are wrapped from outside.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, NoReturn

from graphs import wiring
from graphs.intake import RunRequest, begin
from graphs.testing import ScriptedDecider
from graphs.wiring import Opened
from planner import settings
from planner.decisions import Answer, Confidence
from planner.errors import DecisionClosed, StoreUnavailable
from planner.journal import Append
from planner.runs import PersonAnswer, Run
from planner.store import catalogs, questions, runs
from tools.catalog import Catalog

PROJECT = Path(__file__).parent
KEY = "swept"
LEASE_SECONDS = 0.3
SENDING_SECONDS = 0.004
PATIENCE_SECONDS = 120.0
"""Longest that a process may take; one that moves a run is done within seconds."""
"""How long after a call was begun the process is killed in the midst of it."""

Moment = Literal[
    "before commit",
    "after commit",
    "while sending",
    "after answer",
    "paused before commit",
    "paused after commit",
]
"""A process that is paused comes to itself when another one has its run."""
PAUSES: Mapping[Moment, Moment] = {
    "before commit": "paused before commit",
    "after commit": "paused after commit",
}


CALLING: Sequence[Moment] = ("while sending", "after answer")


class Failed(Exception):
    """A process neither did its work nor was killed by us."""


class Scenario(NamedTuple):
    """One run of a workflow."""

    name: str
    workflow: str
    input: dict[str, Any]
    model: Mapping[str, str] | None = None
    """What the model chooses, by step; nothing to choose where there is none."""
    person: str | None = None
    """What a person answers, where one is asked to choose."""
    faults: tuple[dict[str, Any], ...] = ()
    """What services do wrong."""
    blind: bool = False
    """Whether the catalogue names no way to find out what became of a call."""


class Blow(NamedTuple):
    """When the process is killed."""

    moment: Moment
    nth: int
    """At which commit, or at which call, counted from 1."""

    @property
    def kills(self) -> bool:
        """Tell whether the process is killed, and not only paused."""
        return self.moment not in PAUSES.values()


class Counted(NamedTuple):
    """What a process came to."""

    status: str
    output: Any
    asked: str | None
    """What made it necessary to ask a person, where one is: the outcome of a call."""
    commits: int
    calls: int


class _Counter:
    """Counts commits and calls, and strikes."""

    def __init__(self, blow: Blow | None) -> None:
        self.commits = self.calls = 0
        self._blow = blow

    def strike(self, moment: Moment, nth: int) -> None:
        if self._blow == Blow(moment, nth):
            os.kill(os.getpid(), signal.SIGKILL)
        elif moment in PAUSES and self._blow == Blow(PAUSES[moment], nth):
            os.kill(os.getpid(), signal.SIGSTOP)

    def commit(self) -> int:
        """Count a commit that is about to be made, and return its number."""
        self.commits += 1
        self.strike("before commit", self.commits)
        return self.commits

    def due(self, moment: Moment, nth: int) -> bool:
        return self._blow == Blow(moment, nth)


class Stage(NamedTuple):
    """Where a run is played."""

    url: str
    """Of its database."""
    services: Mapping[str, str]
    """Addresses by name."""
    sabotage: Callable[[Opened], None] | None = None
    """What breaks the engine, to see whether it is noticed."""


def fork(
    scenario: Scenario,
    stage: Stage,
    blow: Blow | None = None,
    *,
    meanwhile: Callable[[], None] | None = None,
    patience: float = PATIENCE_SECONDS,
) -> Counted | None:
    """Move the run in a process of its own; return what it came to, or None when it was killed.

    Args:
        scenario: the run.
        stage: where it is played.
        blow: when its process is killed or paused.
        meanwhile: what happens while it is paused.
        patience: how many seconds it may take.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _be(scenario, stage, blow, writing, patience)
    os.close(writing)
    _, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSTOPPED(status):
        if meanwhile is not None:
            meanwhile()
        os.kill(child, signal.SIGCONT)
        _, status = os.waitpid(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    if os.WIFSIGNALED(status):
        return None
    if not told:
        raise Failed(f"the process of {scenario.name} failed; what it said stands above")
    return Counted(*json.loads(told))


def _be(scenario: Scenario, stage: Stage, blow: Blow | None, writing: int, patience: float) -> NoReturn:
    code = 1
    logging.disable()  # what is lost here is lost on purpose
    try:
        counted = asyncio.run(asyncio.wait_for(_run(scenario, stage, _Counter(blow)), patience))
        os.write(writing, json.dumps(counted).encode())
        code = 0
    except TimeoutError:
        sys.stderr.write(f"{scenario.name} came to no end within {patience:g} s\n")
    except StoreUnavailable as error:
        # One that was paused in the midst of a commit to SQLite keeps all others out.
        sys.stderr.write(f"{error}\n")
    except BaseException:  # noqa: BLE001 - it must end here, and never go on as its parent
        traceback.print_exc()
    os._exit(code)


async def _run(scenario: Scenario, stage: Stage, counter: _Counter) -> Counted:
    config = settings.load(
        project=PROJECT,
        database_url=stage.url,
        services=dict(stage.services),
        lease_seconds=LEASE_SECONDS,
    )
    async with wiring.open_services(config, dispatch=False) as opened:
        if scenario.blind:
            await _blind(opened)
        if stage.sabotage is not None:
            stage.sabotage(opened)
        _wrap(opened, scenario, counter)
        await opened.dispatcher.start(claim=False)
        run_id = await _begun(scenario, opened)
        run, asked = await _ended(scenario, opened, run_id)
        await opened.dispatcher.stop()
    return Counted(run.status, run.output, asked, counter.commits, counter.calls)


async def _blind(opened: Opened) -> None:
    """Take every look-up out of the contracts that runs begin with."""
    parts: Any = opened.parts
    known = parts.catalog.operations
    blind = {name: each.model_copy(update={"reconcile": None}) for name, each in known.items()}
    parts.catalog = Catalog(blind, parts.catalog.services)
    await parts.database.write(catalogs.keep, parts.catalog, parts.clock.now())


def _wrap(opened: Opened, scenario: Scenario, counter: _Counter) -> None:
    parts: Any = opened.parts
    parts.database.submit = _submitting(parts.database.submit, counter)
    parts.database.write = _writing(parts.database.write, counter)
    parts.caller = _Caller(parts.caller, counter)
    points = {f"{scenario.workflow}/{step}": _sure(choice) for step, choice in (scenario.model or {}).items()}
    parts.decider = ScriptedDecider(points)


def _submitting(inner: Any, counter: _Counter) -> Any:
    """Return the handing in of a journal's rows, with a blow before or right after their commit."""

    def submit(unit: Append) -> Any:
        nth = counter.commit()
        written = inner(unit)
        written.add_done_callback(lambda _: counter.strike("after commit", nth))
        return written

    return submit


def _writing(inner: Any, counter: _Counter) -> Any:
    """Return any other write, with a blow before or right after its commit."""

    async def write(*args: Any, **kwargs: Any) -> Any:
        nth = counter.commit()
        result = await inner(*args, **kwargs)
        counter.strike("after commit", nth)
        return result

    return write


class _Caller:
    """The services, with a blow in the midst of a call or right after its answer."""

    def __init__(self, inner: Any, counter: _Counter) -> None:
        self._inner, self._counter = inner, counter

    async def call(self, *args: Any, **kwargs: Any) -> Any:
        self._counter.calls += 1
        nth = self._counter.calls
        calling = asyncio.create_task(self._inner.call(*args, **kwargs))
        if self._counter.due("while sending", nth):
            await asyncio.sleep(SENDING_SECONDS)
            self._counter.strike("while sending", nth)
        outcome = await calling
        self._counter.strike("after answer", nth)
        return outcome

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def _sure(choice: str) -> Answer:
    sure = Confidence(value=0.9, gates=True)
    return Answer(outcome_class="ok", choice=choice, reason="scripted", confidence=sure)


async def _begun(scenario: Scenario, opened: Opened) -> str:
    """Begin the run, or find the one that a process before this one began."""
    request = RunRequest(workflow=scenario.workflow, input=scenario.input)
    begun = await begin(request, opened.parts, opened.dispatcher, started_by="sweep", key=KEY)
    return begun.run.id


async def _ended(scenario: Scenario, opened: Opened, run_id: str) -> tuple[Run, str | None]:
    """Move the run until it ends, or waits for a person who has no answer."""
    store = opened.parts.database
    while True:
        run = await store.read(runs.get, run_id)
        if run.ended:
            return run, None
        asked = (await store.read(questions.page, run_id=run_id)).items
        if run.status == "waiting" and asked:
            question = asked[0]
            if question.kind != "choose" or scenario.person is None:
                return run, question.trigger.outcome if question.trigger else "choose"
            given = PersonAnswer(choice=scenario.person, actor="u-1", at=opened.parts.clock.now())
            # One that was paused may find that whoever took the run up has asked and answered already.
            with contextlib.suppress(DecisionClosed):
                await store.write(questions.answer, question.decision_id, given)
        with contextlib.suppress(StoreUnavailable):
            await opened.dispatcher.take(run_id)
        await opened.dispatcher.signals.wait(run_id, 0.02)
