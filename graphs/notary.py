"""Notary: signs where the decision log stands, writes it elsewhere, and deletes what was kept long enough."""

import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from graphs.rounds import Rounds
from planner import project, settings
from planner.clock import Clock
from planner.log import heads
from planner.log.findings import Report
from planner.log.heads import Head, Keyring, SigningKey
from planner.settings import HeadSettings, Settings
from planner.store import audits, log, purges
from planner.store.database import Database


class Notary:
    """Looks after the decision log of one process while it serves."""

    def __init__(self, database: Database, config: Settings, clock: Clock) -> None:
        self._database, self._config, self._clock = database, config, clock
        self._key = signing_key(config.heads)
        self._shown: dict[str, tuple[int, str]] = {}
        """Where each stream stood when it was last exported."""
        self._rounds = Rounds("the decision log")

    async def start(self) -> None:
        """Begin to export heads and to purge, as far as the settings say so."""
        to, every = self._config.heads, self._config.retention.every_seconds
        self._shown = {head.stream: _place(head) for head in exported(to)}
        if to.file is not None or to.stdout:
            self._rounds.every(to.interval_seconds, self.export)
        if every > 0:
            self._rounds.every(every, self._purge)

    async def stop(self) -> None:
        """Export a last time, and end."""
        was_going = self._rounds.going
        await self._rounds.stop()
        if was_going:
            await self._rounds.tried(self.export)

    async def export(self) -> list[Head]:
        """Write the heads that moved since the last time where the settings say; return them."""
        moved = await self._database.write(_witness, self._shown, self._clock.now())
        if not moved:
            return []
        found = await self._database.read(audits.heads, self._clock.now())
        fresh = [sealed(head, self._key) for head in found if self._shown.get(head.stream) != _place(head)]
        await asyncio.to_thread(write, fresh, self._config.heads)
        self._shown = {head.stream: _place(head) for head in found}
        return fresh

    async def _purge(self) -> None:
        await self._database.write(purges.purge, self._config.retention, self._clock.now())


def signing_key(config: HeadSettings) -> SigningKey | None:
    """Return the key that the settings name, or None where its secret is missing.

    Raises:
        HeadsInvalid: the secret is no seed of a key.
    """
    seed = settings.secret(config.key)
    return None if seed is None else SigningKey.read(seed, config.key)


def keyring(config: HeadSettings, further: Sequence[str] = ()) -> Keyring:
    """Return the keys whose signatures are accepted: our own, those of the settings, and further ones.

    Raises:
        HeadsInvalid: one of them is no key.
    """
    own = signing_key(config)
    return Keyring((*config.public_keys, *further, *(() if own is None else (own.public,))))


def exported(config: HeadSettings, files: Sequence[Path] | None = None) -> list[Head]:
    """Return the heads that were exported to these files, or to that of the settings where it is there.

    Raises:
        DocumentInvalid: a file that is told cannot be read.
        HeadsInvalid: a file holds something else.
    """
    if files is not None:
        return [head for file in files for head in heads.read(project.text(file), str(file))]
    if config.file is None or not config.file.exists():
        return []
    return heads.read(config.file.read_text(encoding="utf-8"), config.file.name)


def verified(
    store: Database,
    config: HeadSettings,
    *,
    files: Sequence[Path] | None = None,
    public_keys: Sequence[str] = (),
) -> Report:
    """Return whether the decision log is as it was written.

    Args:
        store: where it is.
        config: which heads were exported where, and which keys signed them.
        files: exported heads to compare with, in place of those of the settings.
        public_keys: further keys whose signatures are accepted, in base64.

    Raises:
        DocumentInvalid: a file that is told cannot be read.
        HeadsInvalid: a file or a key holds something else.
    """
    return store.read_sync(audits.verify, exported(config, files), keyring(config, public_keys))


def sealed(head: Head, key: SigningKey | None) -> Head:
    """Return the head signed, where there is a key."""
    return head if key is None else key.sign(head)


def write(found: Sequence[Head], config: HeadSettings) -> None:
    """Append heads to the file and the standard output that the settings name."""
    text = heads.lines(found)
    if config.file is not None:
        append(config.file, text)
    if config.stdout:
        sys.stdout.write(text)
        sys.stdout.flush()


def append(file: Path, text: str) -> None:
    """Append a text to a file, on disk before it returns."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def _witness(tx: Any, shown: dict[str, tuple[int, str]], now: datetime) -> bool:
    """Log where the streams stand, if one has moved, so that each vouches for the others."""
    changed = [head for head in audits.heads(tx, now) if shown.get(head.stream) != _place(head)]
    # Two processes must not witness each other's witnessing for ever.
    fresh = audits.unwitnessed(tx)
    moved = [head for head in changed if head.stream in fresh]
    if moved:
        told = [{"stream": head.stream, "seq": head.seq, "hash": head.hash} for head in moved]
        log.append(tx, "head", {"heads": told}, ts=now)
    return bool(moved)


def _place(head: Head) -> tuple[int, str]:
    return head.seq, head.hash
