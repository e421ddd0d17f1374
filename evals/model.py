"""The model: the real adapter over an endpoint that answers from a case; prompt, wire and parser all run."""

import asyncio
import json
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx2

from evals.answers import MODEL_FAULTS, ModelAnswer, Reply
from evals.clock import VirtualClock
from evals.errors import LimitReached
from evals.live import Asking, Endpoint
from evals.scripts import Script
from planner import scripts
from planner.decisions import FILLING_SECONDS, Answer, Brief, Decider, Filled, Question
from planner.faults import cases, wire
from planner.faults.faulty import Asked, Fault
from planner.model import samples
from planner.model.adapter import Model, NoModel
from planner.scripts import Sent
from planner.settings import ModelSettings

NAME = "scripted"
SETTINGS = ModelSettings(
    name=NAME,
    base_url="http://model.invalid/v1",
    scripted=True,
    # A case scripts the model's own word, and `min_confidence` is held against it.
    # A decisions endpoint measures its own.
    gate_on=("stated", "probabilities"),
)


@dataclass
class Exchange:
    """One decision on its way."""

    path: str
    answer: ModelAnswer
    requests: int = 0

    def next(self) -> Reply:
        """Return the reply to the next request; the last one stays."""
        replies = self.answer.replies
        self.requests += 1
        return replies[min(self.requests, len(replies)) - 1]


_current: ContextVar[Exchange] = ContextVar("_current")


class ScriptedDecider:
    """Answers decisions from a case, through the adapter that production uses."""

    def __init__(
        self,
        script: Script[ModelAnswer] | None,
        *,
        clock: VirtualClock,
        most_calls: int,
        asking: Asking | None = None,
    ) -> None:
        """Take in the answers; None stands for no model at all."""
        self._asking = asking or Asking()
        self._script, self._clock, self._most = script, clock, most_calls
        self._stack = AsyncExitStack()
        self._models: dict[Asked, Decider] = {}
        self.requests = 0
        """Requests that the endpoint has seen."""

    async def __aenter__(self) -> Self:
        """Return it; the adapter is opened when it is first needed."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self._stack.aclose()

    async def choose(self, question: Question) -> Answer:
        """Return what came of asking.

        Raises:
            ScriptUnmatched: the case has no answer to it.
            LimitReached: the model was asked too often.
        """
        if self._script is None:
            return await NoModel().choose(question)
        shown = self._asking.turned(question)
        if self._asking.endpoint is None:
            answer = await self._scripted(shown, self._script)
        else:
            answer = await self._live(shown, self._asking.endpoint)
        if self.requests > self._most:
            raise LimitReached("model_calls", self._most, "requests to the model")
        return samples.ordered(answer, shown) if self._asking.turn else answer

    async def _scripted(self, question: Question, script: Script[ModelAnswer]) -> Answer:
        path = question.point.partition("/")[2]
        told = script.take(path, question.given)
        before = _current.set(Exchange(path, told))
        try:
            return await (await self._adapter(_backend(told))).choose(question)
        finally:
            _current.reset(before)

    async def _live(self, question: Question, endpoint: Endpoint) -> Answer:
        """Return what the endpoint says; virtual time stands still meanwhile, and then passes as long."""
        said = await asyncio.get_running_loop().run_in_executor(None, endpoint.ask, question)
        self.requests += len(said.answer.attempts)
        await self._clock.sleep(said.seconds)
        return said.answer

    async def fill(self, brief: Brief, *, deadline_seconds: float = FILLING_SECONDS) -> Filled:
        """Return that nothing is filled in: a case gives its input whole."""
        del brief, deadline_seconds
        return Filled(outcome_class="unavailable", anomalies=("scripted_case",))

    async def _adapter(self, backend: Asked) -> Decider:
        """Return the adapter as it is configured for a backend."""
        if backend not in self._models:
            config = SETTINGS.model_copy(update={"backend": backend})
            model = Model(config, clock=self._clock, transport=httpx2.MockTransport(self._respond))
            self._models[backend] = await self._stack.enter_async_context(model)
        return self._models[backend]

    async def _respond(self, request: httpx2.Request) -> httpx2.Response:
        self.requests += 1
        exchange = _current.get()
        reply = exchange.next()
        self._clock.fix(f"{exchange.path}|{exchange.requests}")
        if reply.fault is not None:
            return await wire.respond(fault_of(reply.fault), request)
        sent = written(reply, request.content)
        await asyncio.sleep(sent.delay)
        return httpx2.Response(sent.status, headers=sent.headers, content=sent.body)


def written(reply: Reply, body: bytes) -> Sent:
    """Return what the endpoint sends for a reply that is no fault, to a request with this body."""
    return scripts.Script({scripts.ANY_POINT: _scripted(reply)}).take(body)


def fault_of(name: str) -> Fault:
    """Return the fault of a name, or of the short name of one."""
    return cases.by_name()[MODEL_FAULTS.get(name, name)]


def _backend(told: ModelAnswer) -> Asked:
    """Return what must be configured for an answer: a fault of a decisions endpoint needs one."""
    asked = (fault_of(reply.fault).backend for reply in told.replies if reply.fault is not None)
    return next((backend for backend in asked if backend != "chat"), "chat")


def _scripted(reply: Reply) -> dict[str, Any]:
    """Return the reply in the form of the scripted endpoint."""
    told: dict[str, Any] = {"delay": reply.delay.total_seconds(), "finish_reason": reply.finish_reason}
    told["usage"] = reply.usage
    if reply.choose is not None:
        return told | _choice(reply)
    if reply.http is not None:
        return told | {"http": reply.http}
    if reply.message is not None:
        return told | {"message": reply.message}
    return told | {"content": reply.content}


def _choice(reply: Reply) -> dict[str, Any]:
    """Return a choice; without confidence it is left out of the answer, as some models do."""
    if reply.confidence is not None:
        return {"choose": reply.choose, "reason": reply.reason, "confidence": reply.confidence}
    return {"content": json.dumps({"reason": reply.reason, "choice": reply.choose})}
