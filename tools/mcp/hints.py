"""Hints: what a server says of the effects of its own tools, and how far it is believed. Pure."""

from typing import NamedTuple

from pydantic import Field

from tools.operations import EffectClass, EffectSource
from tools.records import Record


class Hints(Record):
    """Annotations of a tool, with the meaning that the protocol gives them; None where it is silent."""

    read_only: bool | None = Field(default=None, alias="readOnlyHint")
    """Whether it changes nothing; false where it is silent."""

    destructive: bool | None = Field(default=None, alias="destructiveHint")
    """Whether its changes may take away, and not only add; true where it is silent."""

    idempotent: bool | None = Field(default=None, alias="idempotentHint")
    """Whether the same call, made again, changes nothing more; false where it is silent."""

    open_world: bool | None = Field(default=None, alias="openWorldHint")
    """Whether it reaches beyond the server; no effect class depends on it."""


class Guess(NamedTuple):
    """An effect class, and where it comes from."""

    effect: EffectClass
    source: EffectSource


def effect(hints: Hints, *, is_trusted: bool) -> Guess:
    """Return the effect class of a tool that no person has declared.

    The most careful one, `irreversible`, is taken unless the server is trusted, since a hint may make a
    contract stricter but never looser.
    """
    return Guess(_said(hints), "guessed") if is_trusted else Guess("irreversible", "default")


def doubt(hints: Hints, declared: EffectClass) -> str | None:
    """Return what a server says of its tool that speaks against the declared class; None unless it does.

    Only what it says outright counts, since its silence says nothing.
    """
    if declared == "read" and hints.read_only is False:
        return "that it changes something"
    if declared == "idempotent" and hints.read_only is False and hints.idempotent is False:
        return "that each call changes something more"
    return None


def _said(hints: Hints) -> EffectClass:
    if hints.read_only:
        return "read"
    if hints.idempotent:
        return "idempotent"
    return "write" if hints.destructive is False else "irreversible"
