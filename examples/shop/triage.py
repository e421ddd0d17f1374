"""Reading the signs of an incident: a Python function that workflows call like any service's operation."""

from typing import Literal

from examples.shop.services.documents import Document

BAD_DEPLOY_MINUTES = 60
"""Trouble within an hour of a deploy is laid at its door."""
LEAK_PERCENT = 90.0
QUIET_RATE = 0.01
LOW_RATE = 0.05
CRITICAL_RATE = 0.5


class Deploy(Document):
    """One deploy, as the ops service lists it."""

    id: str
    service: str
    version: str
    minutes_ago: int
    rollback: bool


Severity = Literal["none", "low", "high", "critical"]


class Signs(Document):
    """What the figures hint at."""

    severity: Severity
    deploy_suspected: bool
    leak_suspected: bool
    previous_version: str
    summary: str


def assess(error_rate: float, memory_percent: float, deploys: list[Deploy]) -> Signs:
    """Tell how bad an incident is and what may have caused it.

    Args:
        error_rate: share of requests that fail, from 0 to 1.
        memory_percent: memory in use.
        deploys: the service's deploys, newest first.
    """
    fresh = bool(deploys) and deploys[0].minutes_ago <= BAD_DEPLOY_MINUTES and not deploys[0].rollback
    previous = deploys[1].version if len(deploys) > 1 else ""
    leaking = memory_percent >= LEAK_PERCENT
    return Signs(
        severity=_severity(error_rate, leaking=leaking),
        deploy_suspected=fresh and previous != "" and error_rate > QUIET_RATE,
        leak_suspected=leaking,
        previous_version=previous,
        summary=f"{error_rate:.1%} of requests fail, memory is at {memory_percent:.0f} %{_since(deploys)}",
    )


def _severity(error_rate: float, *, leaking: bool) -> Severity:
    if error_rate > CRITICAL_RATE:
        return "critical"
    if error_rate > LOW_RATE or leaking:
        return "high"
    return "low" if error_rate > QUIET_RATE else "none"


def _since(deploys: list[Deploy]) -> str:
    if not deploys:
        return ""
    return f", last deploy {deploys[0].minutes_ago} minutes ago"
