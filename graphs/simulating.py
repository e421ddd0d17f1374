"""Simulating: exploring a plan's workflow in a process of its own, before anyone may run it."""

import asyncio
import contextlib
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Protocol

import orjson

from planner import documents
from planner.definition import Workflow
from planner.planning.plans import Finding, Simulation

SECONDS = 60.0
"""How long a plan is explored unless told."""
GRACE_SECONDS = 30.0
"""How much longer the process may take to begin and to tell what it found."""
_COMPLETE, _FOUND = 0, 1


class Limits(NamedTuple):
    """How far a plan is explored."""

    faults: int = 2
    seconds: float = SECONDS


class Simulate(Protocol):
    """Explores a workflow; a double in tests that are about something else."""

    async def __call__(self, workflow: Workflow) -> Simulation:
        """Return what exploring told; never raises for what the explorer could not do."""
        ...


class Explorer:
    """Runs `evals explore` on a workflow, in a project's folder, as one would by hand.

    Exploring keeps a processor busy for seconds, so it must not share the process that answers requests;
    and a process can be ended when it takes too long.
    """

    def __init__(self, project: Path, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._project, self._limits = project, limits

    async def __call__(self, workflow: Workflow) -> Simulation:
        """Return what exploring told."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{workflow.workflow}.yaml"
            path.write_text(documents.dump(workflow), encoding="utf-8")
            return await self._explored(path)

    async def _explored(self, path: Path) -> Simulation:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "evals",
            *("explore", str(path), "--project", str(self._project), "--json"),
            *("--faults", str(self._limits.faults), "--max-seconds", str(self._limits.seconds)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(self._limits.seconds + GRACE_SECONDS):
                told, complaint = await process.communicate()
        except TimeoutError:
            return _not_run("it took too long")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        if process.returncode not in {_COMPLETE, _FOUND}:
            return _not_run(complaint.decode(errors="replace").strip()[-2000:] or "it ended without a word")
        return read(orjson.loads(told))


def read(document: Any) -> Simulation:
    """Return what an exploration's document says."""
    findings = tuple(
        Finding(
            invariant=found["invariant"],
            message=found["message"],
            faults=found["faults"],
            story=tuple(found["moves"]),
        )
        for found in document["violations"]
    )
    return Simulation(
        status=document["status"],
        reasons=tuple(document["reasons"]),
        faults=document["bounds"]["faults"],
        paths=document["paths"],
        states=document["states"],
        seconds=document["seconds"],
        findings=findings,
        worst=document["worst"],
    )


def _not_run(why: str) -> Simulation:
    return Simulation(status="NOT_RUN", reasons=(f"the plan could not be explored: {why}",))
