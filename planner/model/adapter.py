"""The model's adapter: asks any OpenAI-compatible server, and survives whatever it answers."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import httpx2
import openai

from planner.budgets import Purse
from planner.clock import Clock
from planner.decisions import (
    FILLING_SECONDS,
    Answer,
    Backend,
    Brief,
    Confidence,
    Filled,
    ModelInfo,
    Question,
    Usage,
)
from planner.definition import Allowance
from planner.model import answers, forms, inquiries, prompts, samples, verdicts
from planner.model.answers import Choice, Envelope, Unusable
from planner.model.faults import Fault, Wire, mapped, wire_of
from planner.model.requests import Ask, Dialect, Request
from planner.model.talk import Asked, Reply, Spare, Talk, TimeLeft
from planner.model.wire import patience, plain_transport, sdk_client
from planner.retry import repeat
from planner.settings import ModelSettings
from tools.operations import Retry

MOST_REQUESTS = 100
"""More than any talk has to spare, so that the spare ones alone decide."""
_PATHS: Mapping[Backend, str] = {"chat": "/chat/completions", "decisions": "/decisions"}
_ENVELOPES: Mapping[Backend, Callable[[bytes], Envelope]] = {
    "chat": answers.read_envelope,
    "decisions": verdicts.read_envelope,
}


class Funds(NamedTuple):
    """What the requests of one decision share."""

    spare: Spare
    purse: Purse


class Model:
    """Asks a model for one of the offered options, or for values; never raises for what an endpoint does."""

    def __init__(
        self,
        config: ModelSettings,
        *,
        clock: Clock,
        transport: httpx2.AsyncBaseTransport | None = None,
        rules: str | None = None,
    ) -> None:
        self._config, self._clock, self._given = config, clock, transport
        self._rules = rules
        """Rules at the head of every prompt that asks for a choice, in place of our own."""
        self._stack = AsyncExitStack()
        self._sdk: openai.AsyncOpenAI | None = None
        self._dialect = Dialect(config)
        self._host = urlsplit(config.endpoint).netloc

    async def __aenter__(self) -> Self:
        """Open the connection pool."""
        transport = self._given
        if transport is None:
            transport = await self._stack.enter_async_context(plain_transport(self._config))
        self._sdk = await self._stack.enter_async_context(sdk_client(self._config, transport))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections that were opened here."""
        self._sdk = None
        await self._stack.aclose()

    async def choose(self, question: Question) -> Answer:
        """Return what came of asking for one of the available options."""
        odd = inquiries.unaskable(question, self._backend(question))
        if odd is not None:
            return Answer(outcome_class="rejected", anomalies=(odd,))
        time_left = self._time(question.deadline_seconds)
        funds = Funds(
            Spare(min(question.max_attempts, self._config.max_attempts) - 1),
            Purse(question.allowance, self._config.cost_usd),
        )
        first, *others = samples.permuted(question, self._config.samples)
        answer = await self._sample(first, time_left, funds)
        if not others:
            return answer
        # The first one goes ahead: what the server cannot do is learned once, and a refusal is heard once.
        told = [samples.ordered(answer, first)]
        if answer.outcome_class == "ok":
            rest = await asyncio.gather(*(self._sample(other, time_left, funds) for other in others))
            told += map(samples.ordered, rest, others)
        return samples.merged(told, gates="agreement" in self._config.gate_on)

    async def fill(self, brief: Brief, *, deadline_seconds: float = FILLING_SECONDS) -> Filled:
        """Return values that serve the goal; what is not told is left out."""
        if not forms.fields(brief.schema):
            return Filled(outcome_class="ok", value={}, anomalies=("nothing_to_fill",))
        ask = inquiries.filling(brief)
        funds = Funds(Spare(self._config.max_attempts - 1), Purse(Allowance(), self._config.cost_usd))
        asked = await self._ask(lambda: ask, time_left=self._time(deadline_seconds), funds=funds)
        result = asked.last.result if asked.last and asked.outcome_class == "ok" else None
        return Filled(
            outcome_class=asked.outcome_class,
            value=forms.told(brief.schema, result.fields) if result else None,
            attempts=asked.attempts,
            usage=self._priced(asked.usage),
            model=self._info(asked),
            anomalies=self._anomalies(asked),
        )

    async def _sample(self, question: Question, time_left: TimeLeft, funds: Funds) -> Answer:
        def ask() -> Ask:
            found = inquiries.choosing(question, self._backend(question), logprobs=self._dialect.logprobs)
            if self._rules is None:
                return found
            return found._replace(prompt=prompts.ruled(found.prompt, self._rules))

        asked = await self._ask(ask, time_left=time_left, funds=funds)
        result = asked.last.result if asked.last and asked.outcome_class == "ok" else None
        return Answer(
            outcome_class=asked.outcome_class,
            choice=result.choice if result else None,
            reason=self._masked(result.reason) if result else asked.broke or "",
            confidence=self._confidence(result) if result else None,
            probabilities=dict(result.probabilities) if result else {},
            attempts=asked.attempts,
            usage=self._priced(asked.usage),
            model=self._info(asked),
            anomalies=self._anomalies(asked),
            raw_output=self._raw(asked),
        )

    async def _ask(self, ask: Callable[[], Ask], *, time_left: TimeLeft, funds: Funds) -> Asked:
        talk = Talk(self._clock, time_left=time_left, spare=funds.spare, purse=funds.purse)
        if not talk.afford():
            return talk.asked()
        first_pause = min(0.5, time_left.seconds / 30)
        retry = Retry(
            attempts=MOST_REQUESTS,
            initial=timedelta(seconds=first_pause),
            max=timedelta(seconds=first_pause * 8),
        )

        async def attempt(n: int) -> Reply:
            talk.begin(n)
            reply = await self._attempt(ask(), talk)
            talk.end_attempt(reply, self._masked(reply.error or "") or None)
            return reply

        try:
            async with asyncio.timeout_at(time_left.due):
                await repeat(
                    attempt,
                    retry=retry,
                    again=talk.may_ask_again,
                    sleep=self._clock.sleep,
                    hint=lambda reply: reply.wire.retry_after,
                )
        except TimeoutError:
            talk.expire()
        return talk.asked()

    async def _attempt(self, ask: Ask, talk: Talk) -> Reply:
        request = self._dialect.write(ask, longer=talk.cut)
        talk.say(ask, request)
        wire, envelope, content = Wire(), None, None
        try:
            with mapped(now=self._clock.now()):
                response = await self._send(request, talk.seconds_left)
            wire = wire_of(response, now=self._clock.now())
            envelope = _ENVELOPES[request.backend](response.content)
            content = answers.text(envelope)
            result = ask.read(content, envelope)
        except Unusable as exc:
            wire = exc.wire if isinstance(exc, Fault) else wire
            adapted = self._dialect.learn(request, wire.status, wire.said)
            return Reply(exc.outcome_class, str(exc), wire, envelope, content, None, adapted)
        return Reply("ok", None, wire, envelope, content, result, adapted=False)

    async def _send(self, request: Request, seconds: float) -> httpx2.Response:
        if self._sdk is None:
            raise RuntimeError("the model must be opened first: async with Model(...) as model")
        # The SDK's typed methods walk request and answer key by key, which takes longer than all else here.
        response: httpx2.Response = await self._sdk.post(
            _PATHS[request.backend],
            cast_to=httpx2.Response,
            body=request.body,
            options={"timeout": patience(seconds)},
        )
        return response

    def _backend(self, question: Question) -> Backend:
        """Return where to ask: with `auto`, what a decisions endpoint does not take goes to chat."""
        backend = self._dialect.backend
        if self._config.backend == "auto" and inquiries.unaskable(question, backend) == inquiries.UNCOUNTABLE:
            return "chat"
        return backend

    def _time(self, seconds: float) -> TimeLeft:
        seconds = min(seconds, self._config.deadline_seconds)
        return TimeLeft(seconds, asyncio.get_running_loop().time() + seconds)

    def _confidence(self, choice: Choice) -> Confidence | None:
        if choice.confidence is None:
            return None
        gates = choice.source in self._config.gate_on
        return Confidence(value=choice.confidence, source=choice.source, gates=gates)

    def _info(self, asked: Asked) -> ModelInfo | None:
        envelope = (asked.last.envelope if asked.last else None) or Envelope()
        if asked.ask is None:
            return None
        return ModelInfo(
            requested=self._config.name,
            responded=envelope.model,
            host=self._host,
            backend=asked.ask.backend,
            response_id=envelope.response_id,
            system_fingerprint=envelope.system_fingerprint,
            finish_reason=envelope.finish_reason,
            prompt=asked.ask.prompt.name,
            prompt_sha256=asked.ask.prompt.sha256,
            request_sha256=asked.request_sha256,
        )

    def _priced(self, usage: Usage) -> Usage:
        return usage.model_copy(update={"cost_usd": self._config.cost_usd(usage.input, usage.output)})

    def _anomalies(self, asked: Asked) -> tuple[str, ...]:
        last = asked.last
        if last is None or last.envelope is None:
            return ()
        found = last.envelope.anomalies + (last.result.anomalies if last.result else ())
        other = last.envelope.model is not None and not _same_model(self._config.name, last.envelope.model)
        return found + (("model_substituted",) if other else ())

    def _raw(self, asked: Asked) -> str | None:
        """Return the last answer's text where it was not taken as it stood."""
        last = asked.last
        if last is None or last.content is None or (last.result and not last.result.anomalies):
            return None
        return self._masked(answers.clean(last.content, answers.LONGEST_RAW))

    def _masked(self, text: str) -> str:
        """Return the text without our own key, which some servers repeat in their errors."""
        key = self._config.api_key
        return text.replace(key.get_secret_value(), "***") if key else text


class NoModel:
    """Stands where no model is configured; every decision takes its `otherwise`, and the log says why."""

    async def __aenter__(self) -> Self:
        """Open nothing."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close nothing."""

    async def choose(self, question: Question) -> Answer:  # noqa: ARG002 - the port's name
        """Return that there is nobody to ask."""
        return Answer(outcome_class="unavailable", anomalies=("no_model_configured",))

    async def fill(self, brief: Brief, *, deadline_seconds: float = FILLING_SECONDS) -> Filled:
        """Return that there is nobody to ask."""
        del brief, deadline_seconds
        return Filled(outcome_class="unavailable", anomalies=("no_model_configured",))


def from_settings(config: ModelSettings, *, clock: Clock, rules: str | None = None) -> Model | NoModel:
    """Return the model that is configured, or the stand-in where none is; `rules` replace our own."""
    return Model(config, clock=clock, rules=rules) if config.configured else NoModel()


def _same_model(requested: str, responded: str) -> bool:
    """Tell whether a server answered with the model asked for, or with a dated snapshot of it."""
    tail = responded.removeprefix(requested)
    return responded == requested or (tail != responded and tail.replace("-", "").isdigit())
