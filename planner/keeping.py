"""Keeping: how a process keeps decisions and the values of runs, from its settings."""

import base64
import logging

from planner import clock, seals, settings
from planner.errors import SettingsInvalid
from planner.log.envelopes import Keeping
from planner.seals import Seals
from planner.settings import Settings
from planner.store import keyfiles

log = logging.getLogger(__name__)

UNSEALED = (
    "secrets in the values of runs are kept as they are, since there is no key to seal them with; "
    "set {name} to what `openssl rand -base64 32` prints"
)


def for_reading(config: Settings) -> Keeping:
    """Return how records are kept, with the keys that there are; nothing is made.

    Raises:
        SettingsInvalid: a key cannot be used.
        StoreUnavailable: the file of the key cannot be read.
    """
    keys = _keys(config)
    sealing = Seals(keys, clock.random_bytes) if keys else None
    return Keeping(config.masking, config.retention, sealing)


def for_running(config: Settings) -> Keeping:
    """Return how records are kept where runs move; the key of an SQLite database is made where it is missing.

    Raises:
        SettingsInvalid: a key cannot be used, or is required and missing.
        StoreUnavailable: the file of the key cannot be read or written.
    """
    found = for_reading(config)
    file = keyfiles.beside(config.database_url)
    if found.seals is not None or not config.masking.active:
        return found
    if file is not None:
        keyfiles.make(file, base64.b64encode(clock.random_bytes(seals.KEY_BYTES)).decode())
        return for_reading(config)
    why = UNSEALED.format(name=config.sealing.key)
    if config.sealing.required:
        raise SettingsInvalid(f"{settings.variable('sealing', 'required')}: {why}")
    log.warning("no key to seal secrets with", extra={"why": why})
    return found


def _keys(config: Settings) -> tuple[bytes, ...]:
    given = settings.secret(config.sealing.key)
    if given is not None:
        return seals.read(given, config.sealing.key)
    file = keyfiles.beside(config.database_url)
    return () if file is None else keyfiles.read(file)
