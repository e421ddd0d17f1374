"""Embeddings: the vectors of a catalogue's operations, made where they are missing, compared with goals."""

import asyncio
import logging
from collections.abc import Sequence
from typing import NamedTuple

from planner.clock import Clock
from planner.embeddings import EmbeddingSettings
from planner.errors import StoreUnavailable
from planner.model.embedder import Embedder
from planner.planning import retrieval, vectors
from planner.planning.retrieval import Found
from planner.planning.vectors import Vectors
from planner.store import embeddings as stored
from planner.store import sealing
from planner.store.database import Database
from tools.catalog import Catalog

log = logging.getLogger(__name__)

NOTHING = Vectors({})


class Near(NamedTuple):
    """Which operations mean what a goal means."""

    names: tuple[str, ...] = ()
    """The nearest first."""
    remark: str = ""
    """Why some have no vector, or none was compared; empty where all were."""


class Retrieved(NamedTuple):
    """Which operations matter for a goal."""

    found: tuple[Found, ...]
    remark: str = ""
    """Why they were found without vectors, or with some missing; empty where nothing went wrong."""


class _Failed(Exception):
    """The server gave no vectors; the message says why."""


class Embeddings:
    """The vectors of one catalogue's operations; a server that fails is never the failure of a search."""

    def __init__(
        self,
        catalog: Catalog,
        embedder: Embedder,
        database: Database,
        *,
        clock: Clock,
        told: EmbeddingSettings,
    ) -> None:
        self._catalog, self._embedder, self._database = catalog, embedder, database
        self._clock, self._told = clock, told
        self._lock = asyncio.Lock()
        self._texts: dict[str, str] = {}
        """What is embedded of each operation, by name."""
        self._keys: dict[str, str] = {}
        """Under which hash its direction is kept."""
        self._known: dict[str, bytes] = {}
        """Directions by name; all of one length."""
        self._vectors = NOTHING

    async def nearest(self, goal: str, *, most: int) -> Near:
        """Return the operations whose vectors are nearest to the goal's, and why some may be missing.

        What is secret in the goal is masked before it is sent.
        """
        wanted: bytes | None = None
        why = ""
        try:
            async with asyncio.timeout(self._told.deadline_seconds):
                (wanted,) = await self._embedded([self._shown(goal)])
                async with self._lock:
                    await self._complete(vectors.size(wanted))
        except TimeoutError:
            why = f"the embeddings did not come within {self._told.deadline_seconds:g} s"
        except (_Failed, StoreUnavailable) as exc:
            why = str(exc)
        return await self._compared(wanted, why, most)

    async def _compared(self, wanted: bytes | None, why: str, most: int) -> Near:
        count = len(self._catalog.operations)
        if wanted is None or not self._known:
            return _told(Near(remark=f"operations were found by words alone: {why}"))
        if len(self._vectors) != len(self._known):
            self._vectors = await asyncio.to_thread(Vectors, dict(self._known))
        names = tuple(self._vectors.nearest(wanted, most=most))
        missing = count - len(self._known)
        remark = f"{missing} of {count} operations were found by words alone: {why}" if missing else ""
        return _told(Near(names, remark))

    async def _complete(self, size: int) -> None:
        """Make known what is kept, and embed the rest, batch by batch; each is kept as soon as it came."""
        if not self._keys:
            self._texts, self._keys = await asyncio.to_thread(self._read)
        if any(vectors.size(each) != size for each in list(self._known.values())[:1]):
            self._known = {}
        if not self._known:
            await self._recall(size)
        missing = [name for name in self._keys if name not in self._known]
        for start in range(0, len(missing), self._told.batch):
            some = missing[start : start + self._told.batch]
            found = await self._embedded([self._texts[name] for name in some])
            if vectors.size(found[0]) != size:
                raise _Failed(f"the goal has {size} numbers, operations have {vectors.size(found[0])}")
            kept = {self._keys[name]: each for name, each in zip(some, found, strict=True)}
            await self._database.write(stored.keep, kept, self._clock.now())
            self._known.update(zip(some, found, strict=True))

    async def _recall(self, size: int) -> None:
        kept = await self._database.read(stored.find, tuple(self._keys.values()))
        found = {name: kept[key] for name, key in self._keys.items() if key in kept}
        self._known = {name: each for name, each in found.items() if vectors.size(each) == size}
        used = [self._keys[name] for name in self._known]
        await self._database.write(stored.use, used, self._clock.now())

    def _read(self) -> tuple[dict[str, str], dict[str, str]]:
        texts = {name: self._shown(vectors.text(each)) for name, each in self._catalog.operations.items()}
        return texts, {name: self._embedder.key(text) for name, text in texts.items()}

    async def _embedded(self, texts: list[str]) -> Sequence[bytes]:
        found = await self._embedder.embed(texts, seconds=self._told.deadline_seconds)
        if found.outcome_class != "ok":
            raise _Failed(f"the embeddings server gave no vectors ({found.outcome_class}): {found.error}")
        return found.directions

    def _shown(self, text: str) -> str:
        return str(sealing.masked(text, self._database.keeping.masking))


async def retrieve(goal: str, catalog: Catalog, embeddings: Embeddings | None, *, most: int) -> Retrieved:
    """Return the operations that matter for a goal, by words and, where there are embeddings, by vectors."""
    index = retrieval.index_of(catalog)
    if embeddings is None or not goal.strip():
        return Retrieved(tuple(index.search(goal, most=most)))
    near = await embeddings.nearest(goal, most=most * retrieval.RANKED)
    return Retrieved(tuple(index.search(goal, most=most, near=near.names)), near.remark)


def _told(near: Near) -> Near:
    if near.remark:
        log.warning("operations are retrieved without all vectors", extra={"why": near.remark})
    return near
