"""Decision log over HTTP: whether it is as it was written, and where it stands."""

from fastapi import APIRouter

from api.dependencies import EveryTenant, Parts, Store
from graphs import notary
from planner.log.findings import Report
from planner.log.heads import Head
from planner.store import audits
from tools.records import Record

router = APIRouter(tags=["decision log"], dependencies=[EveryTenant])


class Heads(Record):
    """Where the log stands."""

    items: tuple[Head, ...]
    """One head for each stream."""
    public_key: str | None
    """What checks their signatures, in base64; null where they are unsigned."""


@router.get("/decision-log/verify")
def verify_log(parts: Parts) -> Report:
    """Verify the whole log, against the heads that this server exported to a file where it does so."""
    config = parts.settings.heads
    return parts.parts.database.read_sync(audits.verify, notary.exported(config), notary.keyring(config))


@router.get("/decision-log/heads")
async def log_heads(parts: Parts, store: Store) -> Heads:
    """Return where each stream of the log ends, signed where there is a key."""
    key = notary.signing_key(parts.settings.heads)
    found = await store.read(audits.heads, parts.parts.clock.now())
    return Heads(
        items=tuple(notary.sealed(head, key) for head in found),
        public_key=None if key is None else key.public,
    )
