"""Verbs: the commands of `planner eval`, whose modules are imported when they are used.

What one verb needs, such as an engine or a database, costs the others nothing.
"""

from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from evals import garbage


class Listed(NamedTuple):
    """What the list of verbs tells of one."""

    name: str
    target: str
    """Its function, as `module:name`."""
    about: str


VERBS = (
    Listed(
        "run",
        "evals.running:run",
        "Run cases and tell for each whether it passed, with the first difference.",
    ),
    Listed(
        "validate",
        "evals.authoring:validate",
        "Tell everything that is wrong with case files, without running them.",
    ),
    Listed("schema", "evals.authoring:schema", "Print the JSON Schema of case files, for editors."),
    Listed(
        "explore",
        "evals.explore.cli:explore",
        "Take every path of a workflow within bounds, and tell what must not be and is.",
    ),
    Listed(
        "faults",
        "evals.faults.cli:faults",
        "Put every decision and call under all that is known to go wrong, and tell what becomes of it.",
    ),
    Listed(
        "serve-mock",
        "evals.mock.cli:serve_mock",
        "Serve the model and the services of cases over HTTP, until Ctrl-C.",
    ),
    Listed(
        "score",
        "evals.reading:score",
        "Judge written results by what the cases expect now, without running them again.",
    ),
    Listed(
        "coverage",
        "evals.reading:coverage",
        "Tell how much of each workflow the cases of results came past.",
    ),
    Listed(
        "report",
        "evals.reading:report_",
        "Write results in other forms, with what changed against a baseline.",
    ),
    Listed(
        "compare",
        "evals.accepting:compare",
        "Tell what changed between two results, case by case, and fail where it must not.",
    ),
    Listed("accept", "evals.accepting:accept", "Write results down as what is accepted; commit the file."),
    Listed(
        "import",
        "evals.recorded.cli:import_",
        "Make cases of runs of production: self-contained, masked, pending until a person has reviewed them.",
    ),
    Listed(
        "replay",
        "evals.recorded.cli:replay",
        "Drive runs through the code, workflows and catalogue of now, and tell where each first diverges.",
    ),
    Listed(
        "verify-log",
        "evals.recorded.cli:verify_log",
        "Tell whether the decision log is as it was written; the same as `planner decisions verify`.",
    ),
)


class Verb(TyperCommand):
    """Stands in the list for a verb, and imports it when it is called."""

    def __init__(self, listed: Listed) -> None:
        super().__init__(listed.name, help=listed.about)
        self._target = listed.target

    def real(self) -> Any:
        """Return the command itself, whose help ends with the exit codes that its module tells."""
        module, _, name = self._target.partition(":")
        found = garbage.imported(module)
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command(self.name, epilog=found.EXITS)(getattr(found, name))
        return get_command(app)

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Return the context of the command itself, which then runs in it."""
        return self.real().make_context(info_name, args, parent=parent, **extra)


class Verbs(TyperGroup):
    """All verbs."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for listed in VERBS:
            self.add_command(Verb(listed))
