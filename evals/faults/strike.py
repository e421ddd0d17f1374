"""Strikes: one path on which one thing goes wrong at one place, over the real clients and a scripted wire."""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from evals.answers import FOREVER, ModelAnswer, ServiceAnswer
from evals.cases import CLOCK
from evals.clock import VirtualClock
from evals.explore import ports
from evals.explore.play import Play
from evals.explore.state import Used
from evals.explore.subject import Subject
from evals.explore.walk import Follower
from evals.faults.sites import Place, Site
from evals.history import History, Sent
from evals.model import ScriptedDecider
from evals.scripts import Script, declared
from evals.services import ScriptedServices
from graphs.context import Context
from graphs.runner import Ended
from planner.decisions import Answer, Question
from tools.http import Fence
from tools.operations import Operation
from tools.outcomes import Outcome

MOST_CALLS = 100


class Strike(Play):
    """A path that follows a way to a place, meets a fault there, and goes on with what is benign."""

    def __init__(
        self, subject: Subject, site: Site, place: Place, *, fault: ModelAnswer | ServiceAnswer
    ) -> None:
        """Prepare a path.

        Args:
            subject: the workflow.
            site: the way to the place.
            place: where the fault is met.
            fault: what the model's endpoint or the service does there.
        """
        self._follower = Follower(site.moves)
        super().__init__(subject, site.scenario, self._follower)
        self._where, self.fault = place, fault
        self.answer: Answer | None = None
        """What came of asking the model."""
        self.decision_spot: str = ""
        """Where it was asked, as in the run."""
        self.outcome: Outcome | None = None
        """What came of the call."""

    @property
    def is_struck(self) -> bool:
        """Tell whether the fault was met."""
        return self.answer is not None or self.outcome is not None

    def due(self, kind: str, label: str) -> bool:
        """Tell whether the fault is met here."""
        wanted = self._where.path if kind == "decision" else self._where.operation
        return not self.is_struck and self._follower.is_done and kind == self._where.kind and label == wanted

    def context(self) -> Context:
        """Return a context whose model is a real adapter at the place of the fault."""
        ctx = super().context()
        ctx.decider = _Adapter(self)
        return ctx

    async def call(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        *,
        key: str | None = None,
        timeout: timedelta | None = None,
        fence: Fence | None = None,
    ) -> Outcome:
        """Return what the call comes to: over the wire where the fault is met, else what is benign."""
        if not self.due("call", operation.name) or not isinstance(self.fault, ServiceAnswer):
            return await super().call(operation, arguments, key=key, timeout=timeout, fence=fence)
        real = self.subject.real.operation(operation.name)
        right = self._services.options(real, arguments, key, self.state.calls)[0].value.output
        script = Script({operation.name: [self.fault]}, own=(), what="operation")
        clock = VirtualClock(CLOCK)
        async with ScriptedServices(self.subject.real, script, clock=clock, most_calls=MOST_CALLS) as wire:
            self.outcome = await wire.call(real, arguments, key=key, timeout=timeout, fence=fence)
            applied = wire.calls[0].applied
        self.elapse(clock.seconds())
        made = Sent(
            operation=operation.name,
            effect=real.effect,
            arguments=dict(arguments),
            key=key,
            outcome=self.outcome.kind,
            applied=applied,
            output=right if self.outcome.output is None else self.outcome.output,
            told=str(self.fault.fault),
        )
        self.state = self.state._replace(calls=(*self.state.calls, made), turn="")
        self.used = self.used.plus(Used(calls=1))
        return self.outcome


class _Adapter(ports.Model):
    """The model of a path: the adapter of production where the fault is met."""

    def __init__(self, strike: Strike) -> None:
        super().__init__(strike)
        self._strike = strike

    async def choose(self, question: Question) -> Answer:
        """Return what came of asking."""
        strike, point = self._strike, question.point.partition("/")[2]
        if not strike.due("decision", declared(point)) or not isinstance(strike.fault, ModelAnswer):
            return await super().choose(question)
        script = Script({point: [strike.fault]}, own=(), what="decision point")
        clock = VirtualClock(CLOCK)
        async with ScriptedDecider(script, clock=clock, most_calls=MOST_CALLS) as decider:
            strike.answer = await decider.choose(question)
        strike.elapse(clock.seconds())
        strike.decision_spot = point
        return strike.answer


def model_fault(name: str) -> ModelAnswer:
    """Return a fault of the endpoint that stays for a whole decision."""
    return ModelAnswer.model_validate({"fault": name, "times": FOREVER})


async def play(strike: Strike) -> tuple[Ended, History]:
    """Return how a path with a fault ends; must be run in virtual time."""
    random.seed(7)
    ended = await strike.run()
    return ended, strike.history(ended)
