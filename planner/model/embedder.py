"""The embedder: turns texts into directions by any OpenAI-compatible server, and survives its answers."""

from contextlib import AsyncExitStack
from datetime import timedelta
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx2
import openai

from planner.clock import Clock
from planner.decisions import OutcomeClass, digest
from planner.embeddings import EmbeddingSettings
from planner.model import answers
from planner.model.answers import Unusable
from planner.model.faults import Fault, Wire, mapped
from planner.model.wire import patience, plain_transport, sdk_client
from planner.planning import vectors
from planner.retry import repeat
from planner.settings import ModelSettings
from tools.operations import Retry

AGAIN: frozenset[OutcomeClass] = frozenset({"rate_limited", "unavailable", "timeout"})
"""Classes after which asking again can help."""
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=0.2), timedelta(seconds=2)
_SHOWN = 8


class Embedded(NamedTuple):
    """What came of asking once for the directions of some texts."""

    outcome_class: OutcomeClass
    directions: tuple[bytes, ...] = ()
    """In the order of the texts, all of one length; none unless the class is `ok`."""
    error: str = ""
    wire: Wire = Wire()


class Embedder:
    """Asks one model for the directions of texts; never raises for what an endpoint does."""

    def __init__(
        self,
        config: ModelSettings,
        *,
        clock: Clock,
        dimensions: int | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._config, self._clock, self._given = config, clock, transport
        self._dimensions = dimensions
        self._stack = AsyncExitStack()
        self._sdk: openai.AsyncOpenAI | None = None

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

    def key(self, text: str) -> str:
        """Return the hash under which the direction of a text is kept."""
        return digest([self._config.name, self._dimensions, text])

    async def embed(self, texts: list[str], *, seconds: float) -> Embedded:
        """Return the directions of the texts, asked for in one request that may be repeated.

        Args:
            texts: at least one.
            seconds: how long one request may take.
        """

        async def attempt(_n: int) -> Embedded:
            return await self._attempt(texts, seconds)

        retry = Retry(attempts=self._config.max_attempts, initial=_FIRST_PAUSE, max=_LONGEST_PAUSE)
        return await repeat(
            attempt,
            retry=retry,
            again=lambda found: found.outcome_class in AGAIN and (found.wire.retry_after or 0) < seconds,
            sleep=self._clock.sleep,
            hint=lambda found: found.wire.retry_after,
        )

    async def _attempt(self, texts: list[str], seconds: float) -> Embedded:
        if self._sdk is None:
            raise RuntimeError("the embedder must be opened first: async with Embedder(...) as embedder")
        body: dict[str, Any] = {"model": self._config.name, "input": texts, "encoding_format": "float"}
        if self._dimensions is not None:
            body["dimensions"] = self._dimensions
        try:
            with mapped(now=self._clock.now()):
                response: httpx2.Response = await self._sdk.post(
                    "/embeddings",
                    cast_to=httpx2.Response,
                    body=body,
                    options={"timeout": patience(seconds)},
                )
            found = read(response.content, len(texts), self._dimensions)
        except Unusable as exc:
            wire = exc.wire if isinstance(exc, Fault) else Wire()
            return Embedded(exc.outcome_class, error=self._masked(str(exc)), wire=wire)
        return Embedded("ok", tuple(found))

    def _masked(self, text: str) -> str:
        key = self._config.api_key
        return text.replace(key.get_secret_value(), "***") if key else text


def from_settings(config: ModelSettings, told: EmbeddingSettings, *, clock: Clock) -> Embedder | None:
    """Return the embedder that is configured, or None where no model is named for it."""
    if not told.name:
        return None
    # The key of one server is never sent to another.
    inherited = None if told.base_url else config.api_key
    asked = {
        "name": told.name,
        "base_url": told.base_url or config.base_url,
        "api_key": told.api_key or inherited,
    }
    return Embedder(config.model_copy(update=asked), clock=clock, dimensions=told.dimensions)


def read(body: bytes, count: int, dimensions: int | None = None) -> list[bytes]:
    """Return the directions that a response's body holds, in the order of the texts.

    Args:
        body: the response's.
        count: how many texts were sent.
        dimensions: how many numbers each vector must have, where that was asked for.

    Raises:
        Unusable: it is no answer for so many texts, or holds what is no vector.
    """
    top = answers.json_object(body)
    data = top.get("data")
    if top.get("error") and not data:
        error = top["error"]
        raise Unusable(answers.error_class(error), f"an error with status 200: {answers.error_text(error)}")
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise Unusable("invalid", "the answer has no list of embeddings under `data`")
    by_index = {each.get("index"): each for each in data if type(each.get("index")) is int}
    if len(data) != count or by_index.keys() != set(range(count)):
        raise Unusable("invalid", f"{count} texts were sent, and {_indices(data)} came back")
    found = [_direction(by_index[index].get("embedding"), index) for index in range(count)]
    sizes = {vectors.size(each) for each in found}
    if len(sizes) > 1 or (dimensions is not None and sizes != {dimensions}):
        wanted = "the same" if dimensions is None else str(dimensions)
        raise Unusable("invalid", f"vectors of {sorted(sizes)} numbers came back; {wanted} was asked for")
    return found


def _direction(values: Any, index: int) -> bytes:
    if not isinstance(values, list) or not values or not all(type(each) in {int, float} for each in values):
        raise Unusable("invalid", f"embedding {index} is no list of numbers")
    found = vectors.direction(values)
    if found is None:
        raise Unusable("invalid", f"embedding {index} points nowhere: its numbers are all 0, or not finite")
    return found


def _indices(data: list[dict[str, Any]]) -> str:
    shown = ", ".join(str(each.get("index")) for each in data[:_SHOWN])
    more = ", …" if len(data) > _SHOWN else ""
    return f"{len(data)} embeddings with the indices [{shown}{more}]"
