"""Garbage: how often Python looks for it, while nearly all that is made is kept or goes by itself."""

import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

COLLECT_AFTER = 100_000
"""Objects that are made before the garbage collector looks again."""


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Let the garbage collector look more rarely, and not at all through what is there already."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def imported(name: str) -> ModuleType:
    """Return a module; the garbage collector rests meanwhile, since what importing makes is kept."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        if was_on:
            gc.enable()
